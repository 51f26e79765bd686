"""The smallest good package of each kind, as files by path."""

from __future__ import annotations

import json
from typing import Any

Files = dict[str, bytes]


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


APP: dict[str, Any] = {
    "pages": ["pages/home/home", "pages/me/me"],
    "subPackages": [
        {"root": "shop/", "name": "shop", "pages": ["list/list", "item/item"]},
        {"root": "trips", "pages": ["map/map"], "independent": True},
    ],
    "tabBar": {"list": [{"pagePath": "pages/home/home"}, {"pagePath": "pages/me/me"}]},
    "preloadRule": {"pages/home/home": {"network": "all", "packages": ["shop", "trips"]}},
    "permission": {"scope.userLocation": {"desc": "to show the next pier"}},
    "requiredPrivateInfos": ["chooseLocation"],
}
PAGES = ["pages/home/home", "pages/me/me", "shop/list/list", "shop/item/item", "trips/map/map"]


def dimina(app: dict[str, Any] | None = None) -> Files:
    """As Dimina's compiler writes it."""
    config = {"app": {**APP, "runtimeType": "miniProgram", **(app or {})}, "modules": {}, "projectName": "City Ferry"}
    return {
        "main/app-config.json": as_json(config),
        "main/logic.js": b"// all the scripts",
        "main/app.css": b"",
        "main/pages_home_home.js": b"// template",
        "main/pages_me_me.js": b"// template",
        "sub_shop/logic.js": b"// scripts",
        "sub_shop/shop_list_list.js": b"// template",
        "sub_shop/shop_item_item.js": b"// template",
        "sub_trips/logic.js": b"// scripts",
        "sub_trips/trips_map_map.js": b"// template",
    }


def codepush() -> Files:
    """As `react-native bundle` writes it."""
    return {"index.android.bundle": b"var __BUNDLE_START_TIME__", "drawable-mdpi/logo.png": b"png"}


def wechat(app: dict[str, Any] | None = None, root: str = "miniprogram/") -> Files:
    """A source tree of WeChat's developer tools."""
    project = {"appid": "wx0000", "projectname": "City Ferry", "miniprogramRoot": root, "compileType": "miniprogram"}
    return {
        "project.config.json": as_json(project),
        f"{root}app.json": as_json({**APP, **(app or {})}),
        f"{root}app.js": b"App({})",
        **{f"{root}{page}.wxml": b"<view/>" for page in PAGES},
        **{f"{root}{page}.js": b"Page({})" for page in PAGES},
    }


def alipay(app: dict[str, Any] | None = None) -> Files:
    """A source tree of Alipay's developer tools."""
    tabs = {"items": [{"pagePath": "pages/home/home", "name": "Home"}]}
    return {
        "mini.project.json": as_json({"format": 2}),
        "app.json": as_json({**APP, "tabBar": tabs, **(app or {})}),
        "app.js": b"App({})",
        **{f"{page}.axml": b"<view/>" for page in PAGES},
        **{f"{page}.ts": b"Page({})" for page in PAGES},
    }


W3C: dict[str, Any] = {
    "app_id": "org.example.ferry",
    "name": "City Ferry",
    "version": {"code": 3, "name": "1.2.0"},
    "icons": [{"src": "common/icon.png", "sizes": "48x48"}],
    "pages": ["pages/home/home"],
    "platform_version": {"min_code": 2},
    "req_permissions": [{"name": "system.permission.LOCATION", "reason": "piers"}],
}


def w3c(manifest: dict[str, Any] | None = None) -> Files:
    """A package by the W3C drafts."""
    return {
        "manifest.json": as_json({**W3C, **(manifest or {})}),
        "app.js": b"",
        "app.css": b"",
        "common/icon.png": b"",
        "i18n/en.json": b"{}",
        "pages/home/home.html": b"<p>hi</p>",
    }


def plugin() -> Files:
    """Code that others borrow."""
    return {"plugin.json": as_json({"name": "Charts"}), "index.js": b"export const chart = 1"}


def h5() -> Files:
    """A web application."""
    return {"index.html": b"<!doctype html><p>hi</p>"}
