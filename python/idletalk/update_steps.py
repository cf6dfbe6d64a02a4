"""What came before and after an update: versions, who told the device, what it asked, what restarted."""

from importlib.resources import files

from idletalk.store import Store


def keep_steps(store: Store) -> None:
    """Fill the tables ``update_steps`` and ``update_versions``; where nothing was fetched, nothing is asked."""
    if store.ask("SELECT 1 FROM updates LIMIT 1"):
        store.run(files("idletalk").joinpath("update_steps.sql").read_text("utf-8"))
