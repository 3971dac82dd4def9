"""The jars of the container images: Spark's with a class data archive, and S3Proxy's.

The Dockerfile runs it: python scripts/fetch_image_jars.py FOLDER-OF-S3PROXY
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from foundation import settings
from foundation.java import jars
from foundation.java.jars import JarSet
from lakehouse.spark import class_data_sharing, cleaning_functions, log_store


def main(s3proxy: Path) -> None:
    """Fetch the jars into PINLAKE_CACHE, move S3Proxy's to a folder, and archive Spark's classes.

    Args:
        s3proxy: the folder for S3Proxy's jars; together they are its class path.
    """
    configuration = settings.load()
    jars.fetch(configuration, sets=[JarSet.SPARK, JarSet.S3PROXY])
    s3proxy.mkdir(parents=True)
    spark_jars = jars.class_path(JarSet.SPARK, configuration)
    for path in jars.class_path(JarSet.S3PROXY, configuration):
        if path in spark_jars:
            shutil.copy2(path, s3proxy)
        else:
            shutil.move(path, s3proxy)
    own_jars = (log_store.JAR, cleaning_functions.JAR)
    class_data_sharing.create_archive([str(path) for path in (*spark_jars, *own_jars)])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
