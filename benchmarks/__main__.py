"""`make bench`: every benchmark that needs nothing but this repository."""

from benchmarks import conv, files, inference, inputs, latency, lowering, passes, tables, training

if __name__ == "__main__":
    for benchmark in (inference, latency, lowering, files, tables, passes, training, conv, inputs):
        print(f"\n== {benchmark.__doc__.splitlines()[0]}")
        benchmark.main()
