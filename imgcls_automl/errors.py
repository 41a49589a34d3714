"""What can go wrong, as a tree.

    ImgclsError                     anything this package says to its user
    ├── ConfigError                 the command line, the environment or the configuration file
    │   └── RunFolderError          a run folder: it exists, is in use, is damaged, is newer than we are
    ├── DatasetError                the pictures, their labels or their splits
    │   ├── UnreadableImageError    one picture that cannot be decoded
    │   └── LeftOutError            some of many could not be read; with all others it was done
    ├── NoTrialSucceededError       a search ended without one usable model
    ├── PluginError                 a plugin: an adapter, a search space, an executor
    │   ├── UnknownPluginError      no package registers that name
    │   ├── DuplicatePluginError    two packages register it
    │   ├── BlockedPluginError      IMGCLS_AUTOML_PLUGINS leaves it out
    │   ├── BrokenPluginError       it cannot be imported, made or used
    │   └── PluginVersionError      it speaks another version of the plugin API
    ├── GateNotMetError             a result is there, but not as good as was asked
    └── InterruptedRunError         the user stopped the run; all that was finished is saved

Every message says what is wrong, where (file, row, column), what was received and what to do, in one to three
lines. Only the command line turns a class into an exit code.
"""


class ImgclsError(Exception):
    """Base of every error that is meant for the user rather than for us."""


class ConfigError(ImgclsError):
    """A flag, an environment variable or a configuration file asks for what cannot be."""


class RunFolderError(ConfigError):
    """A run folder already exists, is in use, is damaged or was written by a newer version."""


class DatasetError(ImgclsError):
    """The pictures cannot be had: nothing there, a bad row, too few classes, too many unreadable files."""


class UnreadableImageError(DatasetError):
    """One picture cannot be decoded; the text is the reason alone, without the picture's name."""


class LeftOutError(DatasetError):
    """Some pictures could not be read and were left out; the result of all others has been shown."""


class NoTrialSucceededError(ImgclsError):
    """Every trial failed, or none could finish an epoch in the time given."""


class PluginError(ImgclsError):
    """A plugin failed, and it is its author who can mend it."""


class UnknownPluginError(PluginError):
    """No installed package registers the name that was asked for."""


class DuplicatePluginError(PluginError):
    """Two distributions register the same name."""


class BlockedPluginError(PluginError):
    """A plugin that is installed, but that IMGCLS_AUTOML_PLUGINS leaves out."""


class BrokenPluginError(PluginError):
    """A plugin that cannot be imported, cannot be made, or breaks the contract of `imgcls_automl.plugin`."""


class PluginVersionError(PluginError):
    """A plugin written for a version of the plugin API that this package does not speak."""


class GateNotMetError(ImgclsError):
    """The run is complete, but a score asked for with `--fail-under` was not reached."""


class InterruptedRunError(ImgclsError):
    """The user interrupted the run; everything finished until then is in the run folder."""
