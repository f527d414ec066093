"""Teachers: anything that gives scores, as a function of rows.

    teacher.py    `Teacher`: a source, how rows become its input, and what its numbers are
    sources.py    scores of torch modules, estimators, forests, models and functions
    files.py      the same of files, by their ending
    plain_torch.py  `.pt` files, read without running code
    logits.py     scores of every kind, checked, to logits of the student's head
    keeping.py    scores that are computed once, in a memory-mapped file

`train.fit(..., teacher=...)` and `distill` read them.
"""

from gategrad.teachers.errors import TeacherError
from gategrad.teachers.logits import Goal, Logits
from gategrad.teachers.plain_torch import load_network
from gategrad.teachers.teacher import Teacher, as_teacher

__all__ = ["Goal", "Logits", "Teacher", "TeacherError", "as_teacher", "load_network"]
