"""The guarded API: a catalogue of operations and fields (OpenAPI + Overlay) and the dialect that says the rest."""
