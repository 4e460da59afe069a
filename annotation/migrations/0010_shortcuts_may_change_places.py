from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0009_reports_on_quality_and_genericness")]

    operations = [
        migrations.RemoveConstraint(model_name="label", name="label_shortcut_once"),
        migrations.AddConstraint(
            model_name="label",
            constraint=models.UniqueConstraint(
                fields=["schema", "shortcut"],
                name="label_shortcut_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
        ),
    ]
