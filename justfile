# Every recipe calls the script of the same name in package.json: `pnpm dev` and `just dev` are the same thing.

# List what there is
default:
    @just --list

# Start relay, publisher, viewers, player, collector and Prometheus
dev:
    pnpm dev

# All tests: unit, integration, browser
test *arguments:
    pnpm test {{ arguments }}

# Format, lint, types, layers, unused code, packed packages
check:
    pnpm check

# Benchmarks, one after another
bench:
    pnpm bench

# Regenerate what is generated
generate:
    pnpm generate

# Format everything in place
format:
    pnpm format
