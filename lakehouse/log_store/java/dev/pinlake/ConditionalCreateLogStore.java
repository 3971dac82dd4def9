package dev.pinlake;

import io.delta.storage.S3SingleDriverLogStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A Delta log on S3 that many drivers may write: a commit file is created by a PUT with If-None-Match, so that S3
 * itself lets one of them win. Reading is Delta's own, and listing but for one look at what was listed; Delta's
 * cache of written files stays empty.
 */
public final class ConditionalCreateLogStore extends S3SingleDriverLogStore {
    private static final String IF_ABSENT = "fs.option.create.conditional.overwrite";
    private static final Pattern COMMIT = Pattern.compile("\\d{20}\\.json");
    private static final int LISTINGS = 10;

    public ConditionalCreateLogStore(Configuration configuration) {
        super(configuration);
    }

    /**
     * Write a file of the log.
     *
     * @throws FileAlreadyExistsException somebody else has written it; Delta then tries the next version.
     * @throws IOException it is unknown whether the file has arrived, or will: S3 cannot be asked.
     */
    @Override
    public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration configuration)
            throws IOException {
        FileSystem files = path.getFileSystem(configuration);
        byte[] content = lines(actions);
        if (overwrite) {
            try (FSDataOutputStream out = files.create(path, true)) {
                out.write(content);
            }
            return;
        }
        try {
            create(files, path, content);
        } catch (IOException failure) {
            // A refusal too: a retry below this may have met the file that its own first try has written.
            resolve(files, path, content, failure);
        }
    }

    /**
     * List the log from a file on. A store that lists a folder while it grows may show a commit and not the one
     * before it, which Delta takes for a broken table: then it is asked again.
     */
    @Override
    public Iterator<FileStatus> listFrom(Path path, Configuration configuration) throws IOException {
        for (int listing = 1; ; listing++) {
            List<FileStatus> files = new ArrayList<>();
            super.listFrom(path, configuration).forEachRemaining(files::add);
            if (listing == LISTINGS || hasNoGap(files)) {
                return files.iterator();
            }
        }
    }

    private static boolean hasNoGap(List<FileStatus> files) {
        long before = -1;
        for (FileStatus file : files) {
            String name = file.getPath().getName();
            if (COMMIT.matcher(name).matches()) {
                long version = Long.parseLong(name.substring(0, 20));
                if (before >= 0 && version != before + 1) {
                    return false;
                }
                before = version;
            }
        }
        return true;
    }

    private static void create(FileSystem files, Path path, byte[] content) throws IOException {
        FSDataOutputStreamBuilder<?, ?> absent = files.createFile(path);
        absent.must(IF_ABSENT, true);
        try (FSDataOutputStream out = absent.build()) {
            out.write(content);
        }
    }

    private static void resolve(FileSystem files, Path path, byte[] content, IOException failure)
            throws IOException {
        byte[] found;
        try (FSDataInputStream in = files.open(path)) {
            found = in.readAllBytes();
        } catch (IOException unreadable) {
            failure.addSuppressed(unreadable);
            throw failure;
        }
        // A commit carries an id of its transaction: equal bytes are this writer's.
        if (!Arrays.equals(found, content)) {
            FileAlreadyExistsException taken = new FileAlreadyExistsException(path.toString());
            taken.initCause(failure);
            throw taken;
        }
    }

    private static byte[] lines(Iterator<String> actions) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        while (actions.hasNext()) {
            content.writeBytes((actions.next() + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return content.toByteArray();
    }
}
