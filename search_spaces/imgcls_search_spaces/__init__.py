"""The search spaces that come with imgcls-automl, one module each, registered like anyone's."""
