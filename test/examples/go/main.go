// An agent whose runs, attempts and failures are spans that Faultline understands.
package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Canonical JSON: keys sorted, no space. Its SHA-256 is the version of the graph.
const body = `{"edges":[{"source":"fetch","target":"total"}],"id":"invoices",` +
	`"nodes":[{"id":"fetch","type":"tool"},{"id":"total","type":"code"}]}`

var ref = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(body)))

// A Failure is an error that a node's span has reported.
type Failure struct {
	error
	Span trace.SpanContext
}

func (f Failure) Unwrap() error { return f.error }

// A Run is one run of the graph.
type Run struct {
	tracer trace.Tracer
	span   trace.Span
	ctx    context.Context
	shared []attribute.KeyValue
}

func Start(ctx context.Context, tracer trace.Tracer, agent, session string) *Run {
	shared := []attribute.KeyValue{
		attribute.String("gen_ai.agent.id", agent),
		attribute.String("gen_ai.conversation.id", session),
		attribute.String("graph.id", "invoices"),
		attribute.String("graph.run.id", rand.Text()),
		attribute.String("graph.snapshot.ref", ref),
	}
	ctx, span := tracer.Start(ctx, "execute_graph invoices", trace.WithAttributes(shared...))
	// Ends at once, so that a run that hangs or is killed is still known.
	_, start := tracer.Start(ctx, "start_graph invoices", trace.WithAttributes(shared...))
	start.AddEvent("graph.snapshot", trace.WithAttributes(
		attribute.String("graph.snapshot.ref", ref),
		attribute.String("graph.snapshot.body", body),
	))
	start.End()
	return &Run{tracer, span, ctx, shared}
}

// End records how the run ended.
func (r *Run) End(err error) {
	outcome := "success"
	if err != nil {
		outcome = "failure"
		r.span.SetStatus(codes.Error, err.Error())
		// The node's span has reported the failure; the run only names it.
		var failure Failure
		if errors.As(err, &failure) {
			r.span.SetAttributes(attribute.String("failure.root.span_id", failure.Span.SpanID().String()))
		}
	}
	r.span.SetAttributes(attribute.String("graph.run.outcome", outcome))
	r.span.End()
}

// Attempt runs one attempt of one node: the error that work returns is its failure.
func (r *Run) Attempt(node string, input any, attempt, most int, previous trace.SpanContext, work func(context.Context) error) error {
	options := []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindInternal),
		trace.WithAttributes(r.shared...),
		trace.WithAttributes(
			attribute.String("graph.node.id", node),
			attribute.Int("graph.node.attempt", attempt),
			attribute.Int("graph.node.max_attempts", most),
		),
	}
	if previous.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: previous}))
	}
	ctx, span := r.tracer.Start(r.ctx, "execute_node "+node, options...)
	defer span.End()
	err := work(ctx)
	if err == nil {
		return nil
	}
	// encoding/json sorts the keys of maps.
	text, _ := json.Marshal(input)
	disposition := "terminal"
	if attempt < most {
		disposition = "retried"
	}
	kind := reflect.TypeOf(err).String()
	span.SetStatus(codes.Error, err.Error())
	span.SetAttributes(
		attribute.String("error.type", kind),
		attribute.String("exception.type", kind),
		attribute.String("exception.message", err.Error()),
		attribute.String("exception.stacktrace", string(debug.Stack())),
		attribute.String("failure.site", "node.raise"),
		attribute.String("failure.input", string(text[:min(len(text), 16384)])),
		attribute.String("failure.input.digest", fmt.Sprintf("%x", sha256.Sum256(text))),
		attribute.String("failure.disposition", disposition),
	)
	return Failure{err, span.SpanContext()}
}

// A RefusedError is what the rates service answers.
type RefusedError struct{ Number int }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the rates service refused invoice %d", e.Number)
}

func runOnce(ctx context.Context, tracer trace.Tracer) (err error) {
	invoice := map[string]any{"number": 17, "currency": "CHF"}
	run := Start(ctx, tracer, "invoice-agent", "session-1")
	defer func() { run.End(err) }()
	good := func(context.Context) error { return nil }
	if err = run.Attempt("total", invoice, 1, 1, trace.SpanContext{}, good); err != nil {
		return err
	}
	fetch := func(context.Context) error { return &RefusedError{17} }
	var failure Failure
	for attempt := 1; attempt <= 2; attempt++ {
		err = run.Attempt("fetch", invoice, attempt, 2, failure.Span, fetch)
		if !errors.As(err, &failure) {
			return err
		}
	}
	return err
}

func main() {
	ctx := context.Background()
	// The exporter reads OTEL_EXPORTER_OTLP_ENDPOINT.
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		panic(err)
	}
	provider := sdktrace.NewTracerProvider(
		// Failures must not be left to a sampler.
		sdktrace.WithSampler(sdktrace.AlwaysSample()),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "invoice-executor"))),
		sdktrace.WithBatcher(exporter),
	)
	// Sends what waits: without it the last failures are lost.
	defer func() { _ = provider.Shutdown(ctx) }()
	if err := runOnce(ctx, provider.Tracer("invoice-executor")); err != nil {
		fmt.Println(err)
	}
}
