"""How good a score is: ranking, lift and calibration, each from its definition.

AUC and average precision are scikit-learn's; lift and ECE are counted here. Gone is the positive class.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Quality:
    """`lift_at_10`: how many times more leavers are in the riskiest tenth than in a random tenth; `ece`: expected
    calibration error over ten equally filled bins."""

    auc: float
    pr_auc: float
    lift_at_10: float
    brier: float
    ece: float

    def rounded(self) -> dict[str, float]:
        """Four decimals, as it is reported."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def measure(gone: Bools, probability: Floats) -> Quality:
    """Quality of probabilities against what happened. Raises ValueError where only one class happened."""
    if gone.all() or not gone.any():
        raise ValueError("quality needs both users who left and users who stayed")
    return Quality(
        auc=float(roc_auc_score(gone, probability)),
        pr_auc=float(average_precision_score(gone, probability)),
        lift_at_10=lift(gone, probability, share=0.1),
        brier=float(brier_score_loss(gone, probability)),
        ece=calibration_error(gone, probability),
    )


def lift(gone: Bools, probability: Floats, *, share: float) -> float:
    """Rate of leavers among the riskiest `share`, divided by their rate among all. Ties are broken by order."""
    top = np.argsort(-probability, kind="stable")[: max(1, round(len(gone) * share))]
    return float(gone[top].mean() / gone.mean())


def calibration_error(gone: Bools, probability: Floats, *, bins: int = 10) -> float:
    """Mean distance between what was said and what happened, over bins that hold equally many users."""
    order = np.argsort(probability, kind="stable")
    chunks = [chunk for chunk in np.array_split(order, bins) if len(chunk)]
    return float(sum(len(c) * abs(gone[c].mean() - probability[c].mean()) for c in chunks) / len(gone))
