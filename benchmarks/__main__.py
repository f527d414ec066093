"""`make bench`: every benchmark that needs nothing but this repository."""

from benchmarks import files, inference, inputs, latency, lowering, passes, tables, training

if __name__ == "__main__":
    for benchmark in (inference, latency, lowering, files, tables, passes, training, inputs):
        print(f"\n== {benchmark.__doc__.splitlines()[0]}")
        benchmark.main()
