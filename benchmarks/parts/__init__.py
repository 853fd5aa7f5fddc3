"""Programs and helpers of the benchmarks; the benchmarks themselves stand one folder up."""
