"""What is watched: alarms and dashboards."""
