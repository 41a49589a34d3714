"""Where a run's options come from: flags, the environment (IMGCLS_AUTOML_TRIALS=20), a TOML file, and presets.

The first of them that names an option wins, in this order.
"""

from __future__ import annotations

import tomllib
from dataclasses import MISSING
from typing import TYPE_CHECKING, Any

from imgcls_automl.config import RunConfig, flag, options
from imgcls_automl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import Field
    from pathlib import Path

ENVIRONMENT_PREFIX = "IMGCLS_AUTOML_"


def resolve_config(
    flags: Mapping[str, object],
    *,
    environment: Mapping[str, str],
    file: Path | None = None,
) -> RunConfig:
    """Bring flags, environment and file together, the first that names an option winning.

    Args:
        flags: Options given on the command line or by a caller; None means not given.
        environment: Usually `os.environ`; read are names such as IMGCLS_AUTOML_TRIALS.
        file: A TOML file of options, or None.

    Raises:
        ConfigError: An unknown option, an unreadable file, or a value that cannot be; says where it came from.
    """
    names = {option.name for option in options()}
    unknown = sorted(set(flags) - names)
    if unknown:
        raise ConfigError(f"There is no option {unknown[0]!r}.\nKnown: {', '.join(sorted(names))}.")
    written = _read_file(file, names) if file else {}
    values: dict[str, Any] = {}
    for option in options():
        variable = ENVIRONMENT_PREFIX + option.name.upper()
        sources = [
            (flag(option.name), flags.get(option.name)),
            (variable, environment.get(variable)),
        ]
        sources.append((f"{option.name} in {file}", written.get(option.name)))
        given = next(
            ((place, value) for place, value in sources if value not in (None, [], {}, "")), None
        )
        if given is not None:
            values[option.name] = _parse(option, *given)
        elif option.default is MISSING and option.default_factory is MISSING:
            raise ConfigError(f"{flag(option.name)} is missing: {option.metadata['help']}")
    return RunConfig(**values)


def resolve_option(name: str, given: object, environment: Mapping[str, str]) -> Any:
    """One option for a command that does not take all: its flag, else the environment, else its default.

    Raises:
        ConfigError: The value cannot be.
    """
    found = find_option(name, given, environment)
    option = _named(name)
    if found is not None:
        return found
    return option.default if option.default_factory is MISSING else option.default_factory()


def find_option(name: str, given: object, environment: Mapping[str, str]) -> Any:
    """The same, but None where neither flag nor environment says anything.

    Raises:
        ConfigError: The value cannot be.
    """
    variable = ENVIRONMENT_PREFIX + name.upper()
    for place, value in ((flag(name), given), (variable, environment.get(variable))):
        if value not in (None, [], ""):
            return _parse(_named(name), place, value)
    return None


def _named(name: str) -> Field[Any]:
    return next(option for option in options() if option.name == name)


def config_from_json(values: Mapping[str, Any]) -> RunConfig:
    """Read back what `RunConfig.to_json` gave.

    Raises:
        ConfigError: An option is missing, unknown or holds what it cannot.
    """
    unknown = sorted(set(values) - {option.name for option in options()})
    if unknown:
        raise ConfigError(f"Unknown option in the run's configuration: {', '.join(unknown)}.")
    return resolve_config(values, environment={})


def _parse(option: Field[Any], place: str, value: object) -> Any:
    try:
        return option.metadata["parse"](value)
    except ValueError as error:
        raise ConfigError(f"{place} must be {error}, but got {value!r}.") from None


def _read_file(path: Path, names: set[str]) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--config: cannot read {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"--config: {path} is no TOML file: {error}.") from None
    table = {key.replace("-", "_"): value for key, value in table.items()}
    unknown = sorted(set(table) - names)
    if unknown:
        raise ConfigError(
            f"{path}: unknown option {unknown[0]!r}.\nKnown: {', '.join(sorted(names))}."
        )
    return table
