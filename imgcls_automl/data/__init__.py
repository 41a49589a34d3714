"""The dataset stage: a source the user names becomes checked, decoded and split pictures."""
