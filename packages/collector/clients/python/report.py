"""Reports with the OpenTelemetry SDK for Python, as it comes. Where to is told by OTEL_* variables, what as JSON."""

import json
import sys

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

work = json.loads(sys.argv[1])

meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
meter = meters.get_meter("report")
counter = meter.create_counter(work["counter"], unit="s")
histogram = meter.create_histogram(
    work["histogram"], unit="s", explicit_bucket_boundaries_advisory=work["bounds"]
)
for count in work["counts"]:
    counter.add(count, work["labels"])
    for value in work["values"]:
        histogram.record(value, work["labels"])
    meters.force_flush()
meters.shutdown()

tracers = TracerProvider()
tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
span = tracers.get_tracer("report").start_span(work["span"])
span.end()
tracers.shutdown()

loggers = LoggerProvider()
loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
loggers.get_logger("report").emit(
    LogRecord(
        event_name=work["event"],
        severity_number=SeverityNumber.INFO,
        body=work["body"],
    )
)
loggers.shutdown()

print(format(span.get_span_context().trace_id, "032x"))
