"""Task vectors for personal image aesthetics: models of many data sets, merged with coefficients learnt per user.

stack = TaskStack(parameters_of(start), [TaskVector.between(theta_pre, theta_ft) for theta_ft in tuned])
alpha = initial(agreement, layers=stack.shape[1])                        # Eq 4
alpha = solve_exact(model, stack, images, scores, alpha, Personal(), generator)   # Eq 2 and 3
me = Personalizer(model, stack).fit(photos, scores)                      # the same, scikit-learn's way
me.predict(other_photos)
"""

from aeslib.taskvec.coefficients import Personal, bradley_terry, initial
from aeslib.taskvec.network import TaskModel
from aeslib.taskvec.personalizer import Personalizer
from aeslib.taskvec.solve import solve_exact, solve_tangent, tangent
from aeslib.taskvec.vectors import TaskStack, TaskVector, cosines, parameters_of

__all__ = [
    "Personal",
    "Personalizer",
    "TaskModel",
    "TaskStack",
    "TaskVector",
    "bradley_terry",
    "cosines",
    "initial",
    "parameters_of",
    "solve_exact",
    "solve_tangent",
    "tangent",
]
