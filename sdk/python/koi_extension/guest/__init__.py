"""The border between the SDK and the bindings that componentize-py makes: only there within a component."""
