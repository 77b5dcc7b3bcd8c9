// Package types has the types of the client's answers.
package types

type HealthStatusFilter string

const HealthStatusFilterHealthy HealthStatusFilter = "HEALTHY"

type HttpInstanceSummary struct{ Attributes map[string]string }
