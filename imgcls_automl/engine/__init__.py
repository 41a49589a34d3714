"""The search: an Optuna study asked and told, its budgets and its pruning."""
