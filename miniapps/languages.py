"""The languages in which the workspace writes for people on phones, as their tags (BCP 47). Pure."""

LANGUAGES = ("en", "zh-Hans")
