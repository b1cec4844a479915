"""A Celery application that listens to its own settings only: nothing of another application on the machine counts.

Celery lets CELERY_BROKER_URL and CELERY_RESULT_BACKEND in the environment win over what an application sets. It imports
the module that CELERY_CONFIG_MODULE names, and Django's settings where DJANGO_SETTINGS_MODULE is set.
"""

from typing import Any

from celery import Celery
from celery.loaders.app import AppLoader


class _DeafLoader(AppLoader):  # type: ignore[misc]  # Celery has no types
    """Celery's loader, which reads no configuration module."""

    def read_configuration(self, env: str = "") -> dict[str, Any]:
        """Return no settings."""
        return {}


class IsolatedCelery(Celery):  # type: ignore[misc]
    """Celery with our own broker, and with no place for results, whatever the environment says."""

    backend_cls = "disabled://"

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, loader=_DeafLoader, fixups=(), set_as_current=False, **options)

    def connection_for_read(self, url: str | None = None, **options: Any) -> Any:
        """Return a connection to consume from."""
        # By key: the attribute of this name looks at the environment first.
        return super().connection_for_read(url or self.conf["broker_url"], **options)

    def connection_for_write(self, url: str | None = None, **options: Any) -> Any:
        """Return a connection to publish to."""
        return super().connection_for_write(url or self.conf["broker_url"], **options)

    def connection(self, hostname: str | None = None, **options: Any) -> Any:
        """Return a connection for what only looks: Flower, and the line that Celery says at its start."""
        return self.connection_for_write(hostname, **options)
