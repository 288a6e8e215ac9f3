module loggerhead/benchmarks/load

go 1.22
