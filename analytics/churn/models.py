"""Tables of churn prediction. Private to this package; others use its selectors."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from analytics.churn.bands import Band, Thresholds
from analytics.churn.definition import Definition
from ferry.kernel import clock
from ferry.kernel.db import TenantModel


class ChurnSetting(TenantModel):
    """What leaving means for one host app, and where its prediction stands. There once somebody has switched it on."""

    host_app_id = models.CharField(max_length=26, unique=True)
    active = models.BooleanField(default=True)
    inactive_days = models.PositiveSmallIntegerField(default=7)
    active_days = models.PositiveSmallIntegerField(default=7)
    activity_events = models.JSONField(default=list)
    high_from = models.PositiveSmallIntegerField(default=75)  # score
    medium_from = models.PositiveSmallIntegerField(default=50)
    revision = models.PositiveIntegerField(default=1)  # grows with every change: what was trained before is out of date
    train_after = models.DateTimeField(default=clock.now, db_index=True)  # when the next training is due
    problem = models.JSONField(null=True)  # why the last training or scoring gave nothing: analytics.churn.wording
    model_id = models.CharField(max_length=26, blank=True)  # the model that scores; "" = none yet
    run_id = models.CharField(max_length=26, blank=True)  # the run whose scores are shown; "" = none yet
    filled_run_id = models.CharField(max_length=26, blank=True)  # the run that the segments were filled from
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("churn setting")

    def __str__(self) -> str:
        return f"{self.host_app_id}: {self.inactive_days} days"

    def definition(self) -> Definition:
        """The definition as a value."""
        return Definition(self.inactive_days, self.active_days, tuple(self.activity_events))

    def thresholds(self) -> Thresholds:
        """Where the bands begin."""
        return Thresholds(high=self.high_from, medium=self.medium_from)


class ChurnModel(TenantModel):
    """One trained model with all that was measured when it was made. Never changed; the newest few are kept."""

    host_app_id = models.CharField(max_length=26)
    revision = models.PositiveIntegerField()  # of the setting that it was trained for
    definition = models.JSONField()
    name = models.CharField(max_length=20)  # of the candidate
    as_of = models.DateField()  # knows nothing of this day or later
    snapshots = models.JSONField()  # the days that it learned from
    trials = models.JSONField()  # candidate → AUC on which the choice rests
    quality = models.JSONField(null=True)  # of a backtest on users of exam_day; null = the log is too short for one
    baselines = models.JSONField(default=dict)  # of the same run
    exam_day = models.DateField(null=True)
    population = models.PositiveIntegerField(default=0)  # of the exam
    churned = models.PositiveIntegerField(default=0)
    bands = models.JSONField()  # band → users, left, precision, on
    fallback = models.JSONField(null=True)  # why it is only the recency rule: analytics.churn.wording
    blob = models.BinaryField()
    seal = models.CharField(max_length=64)  # HMAC over blob and row: see analytics.churn.keeping
    library = models.CharField(max_length=40)  # scikit-learn's version: another one must not open it

    class Meta:
        verbose_name = _("churn model")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["host_app_id", "-id"], name="analytics_churn_models"),
        ]

    def __str__(self) -> str:
        return f"{self.name} as of {self.as_of}"


class ChurnRun(TenantModel):
    """One scoring of everybody. Scores are shown once `done`, all at once; a run that was cut off is swept."""

    host_app_id = models.CharField(max_length=26)
    model_id = models.CharField(max_length=26)
    snapshot = models.DateField()
    users = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)  # band → users
    histogram = models.JSONField(default=list)  # users per score of 0–9, 10–19, …, 90–100
    done = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("churn run")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["host_app_id", "-id"], name="analytics_churn_runs"),
        ]

    def __str__(self) -> str:
        return f"{self.users} users on {self.snapshot}"


class ChurnScore(TenantModel):
    """How likely one user is to leave, as of the run's snapshot."""

    run = models.ForeignKey(ChurnRun, on_delete=models.CASCADE, related_name="+")
    host_app_id = models.CharField(max_length=26)
    user = models.CharField(max_length=200)
    probability = models.FloatField()
    score = models.PositiveSmallIntegerField()  # 0 to 100
    band = models.CharField(max_length=8, choices=[(band.value, band.value) for band in Band])
    place = models.BigIntegerField()  # within the run: grows with the risk and is unique, so that pages can follow it
    reasons = models.JSONField()  # [[group, points], …], strongest first: analytics.churn.reasons has the words

    class Meta:
        verbose_name = _("churn score")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["run", "user"], name="analytics_churn_score_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["run", "band", "user"], name="analytics_churn_band"),
            models.Index(fields=["run", "-place"], name="analytics_churn_riskiest"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.score}"


class EventImport(TenantModel):
    """A file whose events have been imported, so that the same file is not counted twice."""

    host_app_id = models.CharField(max_length=26)
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    events = models.BigIntegerField()
    skipped = models.BigIntegerField()  # rows that named no user, event or time
    first_day = models.DateField()
    last_day = models.DateField()

    class Meta:
        verbose_name = _("import of events")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["host_app_id", "sha256"], name="analytics_import_once"),
        ]

    def __str__(self) -> str:
        return self.name
