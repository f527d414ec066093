"""The founding papers' experiments by name, and their tables with our figures beside.

    catalogue.py   `EXPERIMENTS`: what each trains, and `ROWS`: the runs of the papers' tables
    options.py     `ExperimentOptions`: what a run can be told, by difflogic's names
    tables.py      Adult, Breast Cancer and MONK as the papers' bits
    images.py      MNIST, its 20x20 crop, CIFAR-10 by thresholds
    rows.py        `load_rows`: the data of an experiment
    network.py     the gates, or the neural baseline
    run.py         `run`: train, harden, compare, and the record     (checks.py)
    folds.py       `cross_validate`: a recipe judged by the training rows alone
    light.py       the study of light against raw                    (light_report.py)
    report.py      the table of records beside the published figures (picture.py)

Importing the package, its catalogue or its report needs no torch.
"""
