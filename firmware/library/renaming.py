"""Another name for a composition: of what the player sees, not of its folder.

The folder keeps the name of its first day, since others name it as what they were made from, and
what was handed out is found again by it.
"""

import os
from dataclasses import replace

from firmware.errors import LibraryError
from firmware.library.places import explained
from firmware.library.records import description_from_json, description_to_json
from firmware.library.store import (
    RECORD_FILE,
    Library,
    read_file,
    sync_folder,
    temporary_folder,
    write_synced,
)


def rename_composition(library: Library, name: str, title: str) -> None:
    """Give a composition another title. A kill at any instant leaves the old one or the new one.

    Args:
        library: Where it is.
        name: Of its folder.
        title: What the player shall see.

    Raises:
        CompositionNotFoundError: If there is none of this name.
        LibraryError: If it is damaged, or the disk refuses.
    """
    library.require(name)
    folder = library.root / name
    try:
        description = description_from_json(read_file(folder / RECORD_FILE).decode())
    except UnicodeDecodeError as error:
        raise LibraryError(f"{RECORD_FILE} is not UTF-8 text") from error
    outline = description.outline
    renamed = replace(
        outline,
        composition=replace(outline.composition, name=title),
        melody=replace(outline.melody, name=title),
    )
    text = description_to_json(replace(description, outline=renamed))
    # In the library's folder, where what a kill leaves behind is swept at the next start.
    sentence = "the composition was not renamed: {reason}"
    with explained(sentence, library.root), temporary_folder(library.root) as growing:
        write_synced(growing / RECORD_FILE, text.encode())
        os.replace(growing / RECORD_FILE, folder / RECORD_FILE)
        sync_folder(folder)
