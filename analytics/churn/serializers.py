"""What the API of churn prediction takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from analytics.churn import reasons, wording
from analytics.churn.bands import Band
from analytics.churn.definition import MOST_EVENTS
from analytics.churn.models import ChurnModel, ChurnRun, ChurnScore
from analytics.churn.selectors import BandState
from ferry.kernel.api.serializers import StrictSerializer


class SettingInput(StrictSerializer):
    """What leaving means for the host app."""

    active = serializers.BooleanField(default=True, help_text="False switches prediction off; nothing is shown then.")
    inactive_days = serializers.IntegerField(min_value=1, max_value=365, default=7, help_text="Silence that counts.")
    active_days = serializers.IntegerField(
        min_value=1, max_value=730, default=7, help_text="Asked of users who were active in the last so many days."
    )
    activity_events = serializers.ListField(
        child=serializers.CharField(max_length=200),
        max_length=MOST_EVENTS,
        default=list,
        help_text="Events that count as being there; all of them without.",
    )
    high_from = serializers.IntegerField(min_value=2, max_value=99, default=75, help_text="Score of the band high.")
    medium_from = serializers.IntegerField(min_value=1, max_value=98, default=50, help_text="Score of the band medium.")


class QualitySerializer(serializers.Serializer[Any]):
    """docs/churn.md says how each is counted."""

    auc = serializers.FloatField()
    pr_auc = serializers.FloatField()
    lift_at_10 = serializers.FloatField()
    brier = serializers.FloatField()
    ece = serializers.FloatField()


class ModelSerializer(serializers.Serializer[ChurnModel]):
    """One trained model and how good it was on users whose outcome is known."""

    id = serializers.CharField()
    name = serializers.CharField(help_text="recency (a rule), rfm, wide, boosting, or mean (of wide and boosting).")
    as_of = serializers.DateField(help_text="It knows nothing of this day or later.")
    definition = serializers.DictField()
    snapshots = serializers.ListField(child=serializers.DateField(), help_text="The days that it learned from.")
    trials = serializers.DictField(child=serializers.FloatField(), help_text="Candidate → AUC behind the choice.")
    quality = QualitySerializer(allow_null=True, help_text="Of a backtest; null where the history is too short.")
    baselines = serializers.DictField(child=QualitySerializer(), help_text="recency and rfm, of the same run.")
    exam_day = serializers.DateField(allow_null=True, help_text="Of the users who were examined.")
    population = serializers.IntegerField(help_text="Users in the exam.")
    churned = serializers.IntegerField(help_text="How many of them left.")
    fallback = serializers.SerializerMethodField(help_text="Why it is only the recency rule; empty for a model.")
    created_at = serializers.DateTimeField()

    def get_fallback(self, row: ChurnModel) -> str:
        return wording.words(row.fallback)


class RunSerializer(serializers.Serializer[ChurnRun]):
    """One scoring of everybody."""

    snapshot = serializers.DateField()
    users = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Band → users.")
    histogram = serializers.ListField(child=serializers.IntegerField(), help_text="Users per score 0–9, …, 90–100.")
    created_at = serializers.DateTimeField()


class ChurnStateSerializer(serializers.Serializer[Any]):
    """The definition, and where the prediction stands."""

    active = serializers.BooleanField()
    inactive_days = serializers.IntegerField()
    active_days = serializers.IntegerField()
    activity_events = serializers.ListField(child=serializers.CharField())
    high_from = serializers.IntegerField()
    medium_from = serializers.IntegerField()
    train_after = serializers.DateTimeField(help_text="When the next training is due.")
    problem = serializers.SerializerMethodField(help_text="Why there is no prediction, or only a rule; empty if fine.")
    model = ModelSerializer(allow_null=True)
    run = RunSerializer(allow_null=True)

    def get_problem(self, state: dict[str, Any]) -> str:
        return wording.words(state["problem"])


class ScoresQuery(StrictSerializer):
    """Whose scores."""

    band = serializers.ChoiceField([band.value for band in Band], required=False, default="")
    user = serializers.CharField(max_length=200, required=False, default="", help_text="Only this user's.")


class ReasonSerializer(serializers.Serializer[Any]):
    """What the score rests on; no cause of anything."""

    group = serializers.CharField()
    points = serializers.IntegerField(help_text="What it adds to the score; below zero: takes away.")
    text = serializers.CharField()


class ScoreSerializer(serializers.Serializer[ChurnScore]):
    """How likely a user is to leave."""

    user = serializers.CharField()
    probability = serializers.FloatField()
    score = serializers.IntegerField(help_text="0 to 100.")
    band = serializers.CharField()
    reasons = serializers.SerializerMethodField()

    def get_reasons(self, row: ChurnScore) -> list[dict[str, Any]]:
        return [
            {"group": group, "points": points, "text": reasons.word((group, points))} for group, points in row.reasons
        ]


class BandSerializer(serializers.Serializer[BandState]):
    """A band of risk and whether it can be relied on."""

    band = serializers.CharField()
    from_score = serializers.IntegerField()
    users = serializers.IntegerField()
    on = serializers.BooleanField(help_text="False: too few of its users left in the exam; it targets nobody.")
    exam_users = serializers.IntegerField()
    exam_left = serializers.IntegerField()
    precision = serializers.FloatField(help_text="exam_left / exam_users")


class BandsSerializer(serializers.Serializer[Any]):
    """High, medium, low; empty while there are no scores."""

    items = BandSerializer(many=True)


class BandSegmentInput(StrictSerializer):
    """The segment of a band."""

    name = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
