"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create managed certificates, orders, deployments and accounts."""
    op.create_table(
        "managedcertificate",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("identifiers", sa.Text, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("expires_at", sa.Float),
        sa.Column("next_due_at", sa.Float),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("issued", sa.Text),
        sa.Column("order_id", sa.String),
        sa.Column("requested_at", sa.Float),
        sa.Column("failure", sa.Text),
        sa.Column("failure_count", sa.Integer, nullable=False),
        sa.Column("retry_at", sa.Float),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
    )
    op.create_index("ix_managedcertificate_name_id", "managedcertificate", ["name", "id"])
    op.create_index("ix_managedcertificate_status_name_id", "managedcertificate", ["status", "name", "id"])
    op.create_index("ix_managedcertificate_next_due_at", "managedcertificate", ["next_due_at"])
    op.create_index("ix_managedcertificate_retry_at", "managedcertificate", ["retry_at"])
    op.create_index("ix_managedcertificate_expires_at", "managedcertificate", ["expires_at"])
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_managedcertificate_search", "managedcertificate", ["name", "id", "status", "search"])
    op.create_table(
        "certificateorder",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column(
            "certificate_id", sa.String, sa.ForeignKey("managedcertificate.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("url", sa.String),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("progress", sa.Text, nullable=False),
        sa.Column("sealed_key", sa.LargeBinary),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
    )
    op.create_index("ix_certificateorder_certificate_id", "certificateorder", ["certificate_id", "created_at"])
    op.create_table(
        "deployment",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column(
            "certificate_id", sa.String, sa.ForeignKey("managedcertificate.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("deployed_id", sa.String),
        sa.Column("failure", sa.Text),
        sa.Column("failure_count", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.Float),
    )
    op.create_index("ix_deployment_certificate_id", "deployment", ["certificate_id", "position"])
    op.create_index("ix_deployment_next_attempt_at", "deployment", ["next_attempt_at"])
    op.create_index("ix_deployment_status", "deployment", ["status"])
    op.create_table(
        "account",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("directory", sa.String, nullable=False, unique=True),
        sa.Column("sealed_key", sa.LargeBinary, nullable=False),
        sa.Column("url", sa.String),
        sa.Column("orders_url", sa.String),
        sa.Column("contact", sa.String, nullable=False),
        sa.Column("eab_kid", sa.String),
        sa.Column("created_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    """Drop everything."""
    for table in ("account", "deployment", "certificateorder", "managedcertificate"):
        op.drop_table(table)
