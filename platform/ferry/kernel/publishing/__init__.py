"""How a change reaches every edge: locked, rebuilt, stored by content, announced. See docs/publishing.md."""
