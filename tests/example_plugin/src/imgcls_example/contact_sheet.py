"""The adapter `contact_sheet`: one picture of many small ones, a class a row, and the classes beside it."""

from pathlib import Path

from imgcls_automl.plugin import DatasetError, Match, Sample


class ContactSheet:
    """A contact sheet: sheet.png, and sheet.classes with the name of each row's class."""

    def __init__(self, *, side="8"):  # --data-option side=16
        self.side = int(side)

    def match(self, source):
        path = Path(source)
        if path.suffix != ".png" or not path.with_suffix(".classes").is_file():
            return None
        return Match(0.95, "a contact sheet with its classes")

    def read(self, source):
        import numpy as np
        from PIL import Image

        path, side = Path(source), self.side
        try:
            names = path.with_suffix(".classes").read_text(encoding="utf-8").splitlines()
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("L"))
        except OSError as error:
            raise DatasetError(f"{path} is no contact sheet: {error.strerror or error}.") from error
        for row, name in enumerate(names):
            for column in range(pixels.shape[1] // side):
                top, left = row * side, column * side
                cut = pixels[top : top + side, left : left + side]
                yield Sample(id=f"{path.name}:{row}:{column}", image=cut, label=name)
