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
    op.add_column("managedcertificate", sa.Column("setbacks", sa.Text))
    op.add_column(
        "managedcertificate", sa.Column("use_last_duplicate", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.create_table(
        "ledger",
        sa.Column("directory", sa.String, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("subject", sa.String, primary_key=True),
        sa.Column("full_at", sa.Float, nullable=False),
        sa.Column("spent_at", sa.Float, nullable=False),
    )
    op.create_index("ix_ledger_full_at", "ledger", ["directory", "kind", "full_at"])
    op.create_index("ix_ledger_spent_at", "ledger", ["spent_at"])
    op.create_table(
        "announcedlimit",
        sa.Column("directory", sa.String, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("subject", sa.String, primary_key=True),
        sa.Column("until", sa.Float, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("remedy", sa.Text, nullable=False),
    )
    op.create_index("ix_announcedlimit_until", "announcedlimit", ["until"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("announcedlimit")
    op.drop_table("ledger")
    op.drop_column("managedcertificate", "use_last_duplicate")
    op.drop_column("managedcertificate", "setbacks")
    op.drop_index("ix_managedcertificate_ari_check_at")
    op.drop_column("managedcertificate", "ari_check_at")
    op.drop_column("managedcertificate", "ari")
