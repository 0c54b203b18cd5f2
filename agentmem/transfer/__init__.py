"""Memory on its way: into another store, into files and back."""

from agentmem.transfer.export import ExportFormat, ExportReport, export
from agentmem.transfer.importing import BankImport, ImportReport, import_file
from agentmem.transfer.migrate import BankMigration, MigrationReport, migrate
from agentmem.transfer.proof import Parity, compare

__all__ = [
    "BankImport",
    "BankMigration",
    "ExportFormat",
    "ExportReport",
    "ImportReport",
    "MigrationReport",
    "Parity",
    "compare",
    "export",
    "import_file",
    "migrate",
]
