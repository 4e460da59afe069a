"""A study before its launch: building, what it would show, pilots, pre-registration, approval, launching."""
