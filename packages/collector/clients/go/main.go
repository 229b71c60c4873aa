// Reports with the OpenTelemetry SDK for Go, as it comes. Where to is told by OTEL_* variables, what as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otellog "go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

type work struct {
	Counter   string
	Histogram string
	Bounds    []float64
	Labels    map[string]string
	Counts    []float64
	Values    []float64
	Span      string
	Event     string
	Body      string
}

func main() {
	var todo work
	check(json.Unmarshal([]byte(os.Args[1]), &todo))
	ctx := context.Background()
	reportMetrics(ctx, todo)
	traceID := reportSpan(ctx, todo)
	reportLog(ctx, todo)
	fmt.Println(traceID)
}

func reportMetrics(ctx context.Context, todo work) {
	exporter, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithTemporalitySelector(sdkmetric.DeltaTemporalitySelector))
	check(err)
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)))
	meter := provider.Meter("report")
	counter, err := meter.Float64Counter(todo.Counter, metric.WithUnit("s"))
	check(err)
	histogram, err := meter.Float64Histogram(todo.Histogram, metric.WithUnit("s"),
		metric.WithExplicitBucketBoundaries(todo.Bounds...))
	check(err)
	var attributes []attribute.KeyValue
	for name, value := range todo.Labels {
		attributes = append(attributes, attribute.String(name, value))
	}
	labels := metric.WithAttributes(attributes...)
	for _, count := range todo.Counts {
		counter.Add(ctx, count, labels)
		for _, value := range todo.Values {
			histogram.Record(ctx, value, labels)
		}
		check(provider.ForceFlush(ctx))
	}
	check(provider.Shutdown(ctx))
}

func reportSpan(ctx context.Context, todo work) string {
	exporter, err := otlptracehttp.New(ctx)
	check(err)
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
	_, span := provider.Tracer("report").Start(ctx, todo.Span)
	span.End()
	check(provider.Shutdown(ctx))
	return span.SpanContext().TraceID().String()
}

func reportLog(ctx context.Context, todo work) {
	exporter, err := otlploghttp.New(ctx)
	check(err)
	provider := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(exporter)))
	var record otellog.Record
	record.SetEventName(todo.Event)
	record.SetSeverity(otellog.SeverityInfo)
	record.SetBody(attribute.StringValue(todo.Body))
	provider.Logger("report").Emit(ctx, record)
	check(provider.Shutdown(ctx))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
