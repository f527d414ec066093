"""`make bench`: every benchmark that needs nothing but this repository."""

from benchmarks import inference, inputs, latency, passes, training

if __name__ == "__main__":
    for benchmark in (inference, inputs, latency, passes, training):
        print(f"\n== {benchmark.__doc__.splitlines()[0]}")
        benchmark.main()
