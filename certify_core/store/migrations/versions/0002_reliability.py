"""What reliability needs: the windows in which authorities want certificates renewed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns."""
    op.add_column("managedcertificate", sa.Column("ari", sa.Text))
    op.add_column("managedcertificate", sa.Column("ari_check_at", sa.Float))
    op.create_index("ix_managedcertificate_ari_check_at", "managedcertificate", ["ari_check_at"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_index("ix_managedcertificate_ari_check_at")
    op.drop_column("managedcertificate", "ari_check_at")
    op.drop_column("managedcertificate", "ari")
