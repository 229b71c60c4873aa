# Every recipe calls the script of the same name in package.json: `pnpm dev` and `just dev` are the same thing.

# List what there is
default:
    @just --list

# Start relay, publisher, viewers, player, collector, console, and the backends: in containers, or native
dev:
    pnpm dev

# Cause what an alert is about in the stack that runs, and see it fire, be delivered, and be over
alert *arguments:
    pnpm alert {{ arguments }}

# All tests: unit, integration, browser
test *arguments:
    pnpm test {{ arguments }}

# Format, lint, types, layers, unused code, packed packages
check:
    pnpm check

# Hostile bytes and requests to the relay and the collector, so many to each; the seed is MOQ_FUZZ_SEED
fuzz count='500000':
    MOQ_FUZZ_COUNT={{ count }} pnpm vitest run --reporter=verbose src/fuzz.test.ts

# Sessions of the relay that come and go in every way, and must leave nothing behind
churn sessions='1000':
    MOQ_CHURN_SESSIONS={{ sessions }} pnpm vitest run --reporter=verbose src/churn.test.ts

# Everything at full size: 2,000 players against a collector that is killed ten times, a minute of spans past a dead target,
# a minute of healthy playback in a browser
soak:
    MOQ_TEST_FULL=yes pnpm vitest run --reporter=verbose apps/load/src/players packages/collector/src/forwarding.test.ts apps/e2e/src/player-experience.browser.test.ts

# The store's look-ups among ten million log lines; dashboards on a day of 200 streams and 10,000 viewers
scale logs='10000000' streams='200':
    node packages/collector/bench/store.bench.ts --logs {{ logs }}
    MOQ_SCALE_STREAMS={{ streams }} node packages/dashboards/bench/day.bench.ts

# OpenTelemetry SDKs of other languages against the collector; needs Python 3 with venv, and Go
clients:
    pnpm --filter @moq-observability/collector clients

# Benchmarks, one after another
bench:
    pnpm bench

# Regenerate what is generated
generate:
    pnpm generate

# Format everything in place
format:
    pnpm format
