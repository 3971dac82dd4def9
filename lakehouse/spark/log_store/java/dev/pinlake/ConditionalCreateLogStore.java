package dev.pinlake;

import io.delta.storage.S3SingleDriverLogStore;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A Delta log on S3 that several drivers may write. A commit file is created by a PUT with If-None-Match, so that
 * S3 itself lets only one of them win. Reading is Delta's own, and so is listing, except that listings with a gap
 * are repeated. Delta's cache of written files stays empty.
 */
public final class ConditionalCreateLogStore extends S3SingleDriverLogStore {
    private static final String IF_ABSENT = "fs.option.create.conditional.overwrite";
    private static final Pattern VERSION = Pattern.compile("\\d{20}");
    private static final Pattern FILE = Pattern.compile("(\\d{20})\\.(json$|checkpoint)");
    private static final int LOOKS = 100;
    private static final long PAUSE_MILLISECONDS = 50;

    public ConditionalCreateLogStore(Configuration configuration) {
        super(configuration);
    }

    /**
     * Write a file of the log.
     *
     * @throws FileAlreadyExistsException another writer has written it; Delta then tries the next version.
     * @throws IOException S3 does not answer, so it is unknown whether the file has arrived or will arrive.
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
            // After a refusal too: a retry in a lower layer may have found the file that its first attempt wrote.
            resolve(files, path, content, failure);
        }
    }

    /**
     * List the log from a file on. For a moment a store may list a commit but not the one before it, although it
     * already refuses to create that one. Delta would take this for a broken table, so the listing is repeated.
     */
    @Override
    public Iterator<FileStatus> listFrom(Path path, Configuration configuration) throws IOException {
        for (int look = 1; ; look++) {
            List<FileStatus> files = new ArrayList<>();
            super.listFrom(path, configuration).forEachRemaining(files::add);
            if (look == LOOKS || hasNoGap(path, files)) {
                return files.iterator();
            }
            pause();
        }
    }

    private static void pause() throws IOException {
        try {
            Thread.sleep(PAUSE_MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for a file of a Delta log");
        }
    }

    private static boolean hasNoGap(Path from, List<FileStatus> files) {
        // Delta lists from a name that is a version and a dot.
        Matcher first = VERSION.matcher(from.getName());
        long next = first.lookingAt() ? Long.parseLong(first.group()) : Long.MAX_VALUE - 1;
        for (FileStatus file : files) {
            Matcher name = FILE.matcher(file.getPath().getName());
            if (!name.lookingAt()) {
                continue;
            }
            long version = Long.parseLong(name.group(1));
            if (name.group(2).equals("checkpoint")) {
                // The commits that it summarises may have been cleaned up.
                next = Math.max(next, version);
            } else if (version > next) {
                return false;
            } else {
                next = version + 1;
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
        byte[] existing;
        try {
            existing = read(files, path);
        } catch (IOException unreadable) {
            failure.addSuppressed(unreadable);
            throw failure;
        }
        // A commit contains the id of its transaction, so equal bytes are from this writer.
        if (!Arrays.equals(existing, content)) {
            FileAlreadyExistsException taken = new FileAlreadyExistsException(path.toString());
            taken.initCause(failure);
            throw taken;
        }
    }

    /** Read a file after a failed write. It exists or is under way, but may become visible only a moment later. */
    private static byte[] read(FileSystem files, Path path) throws IOException {
        for (int look = 1; ; look++) {
            try (FSDataInputStream in = files.open(path)) {
                return in.readAllBytes();
            } catch (FileNotFoundException missing) {
                if (look == LOOKS) {
                    throw missing;
                }
                pause();
            }
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
