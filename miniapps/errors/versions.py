"""What can go wrong with packages and the versions made of them, and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError


class PackageRefused(FerryError):
    """`report` in the details says what is wrong, where, and what to do."""

    code = "package_refused"
    status = 422
    message = _("The package was refused: {summary}")


class VersionExists(FerryError):
    code = "version_exists"
    status = 409
    message = _("Version code {version_code} is not above {newest}, the newest of this mini-program. Use a higher one.")


class HostRangeMissing(FerryError):
    code = "host_range_missing"
    status = 422
    message = _(
        "Say which host app versions can open this version, for example"
        ' {{"android": {{"min": "6.0.0", "max": null}}}}, in the request or as host_range in ferry.json.'
    )


class HostRangeInvalid(FerryError):
    code = "host_range_invalid"
    status = 422
    message = _("The host app version range is not valid: {reason}")


class SourceOnly(FerryError):
    code = "version_source_only"
    status = 409
    message = _(
        "Version {version} is a source tree ({kind}), which no device can run. Compile it, upload the result, and"
        " release that."
    )


class PluginMissing(FerryError):
    code = "plugin_missing"
    status = 409
    message = _(
        "The version uses the plugin {plugin} ({range}), and {host_app} has no full release of it that fits. Release"
        " a fitting version of the plugin there first."
    )


class PluginVersionName(FerryError):
    code = "plugin_version_name"
    status = 422
    message = _(
        "“{name}” cannot name a version of a plugin: others choose it by range. Use three numbers, for example 1.4.0."
    )
