// Package servicediscovery stands in for the client of AWS Cloud Map, which loadbalancingexporter is built with and the
// tests here never ask: they resolve by name or from a list.
package servicediscovery

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

type Client struct{}

type DiscoverInstancesInput struct {
	NamespaceName, ServiceName, OwnerAccount *string
	HealthStatus                             types.HealthStatusFilter
	MaxResults                               *int32
	OptionalParameters, QueryParameters      map[string]string
}

type DiscoverInstancesOutput struct{ Instances []types.HttpInstanceSummary }

func NewFromConfig(aws.Config) *Client { return &Client{} }

func (*Client) DiscoverInstances(
	context.Context, *DiscoverInstancesInput,
) (*DiscoverInstancesOutput, error) {
	return nil, errors.New("built without AWS Cloud Map")
}
