"""The first-party dataset adapters, registered through the same entry points as anyone's."""
