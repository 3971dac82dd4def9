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
 * A Delta log on S3 that many drivers may write: a commit file is created by a PUT with If-None-Match, so that S3
 * itself lets one of them win. Reading is Delta's own, and listing but for one look at what was listed; Delta's
 * cache of written files stays empty.
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
     * List the log from a file on. A store may show a commit and for a moment not the one before it, though it has
     * refused others its name already. Delta takes that for a broken table: so the store is asked again.
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
        // Delta asks with a version and a dot.
        Matcher asked = VERSION.matcher(from.getName());
        long next = asked.lookingAt() ? Long.parseLong(asked.group()) : Long.MAX_VALUE - 1;
        for (FileStatus file : files) {
            Matcher name = FILE.matcher(file.getPath().getName());
            if (!name.lookingAt()) {
                continue;
            }
            long version = Long.parseLong(name.group(1));
            if (name.group(2).equals("checkpoint")) {
                // What it sums up may have been cleaned away.
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
        byte[] found;
        try {
            found = read(files, path);
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

    /** Read a file that was refused to be written, or may be on its way: it may become visible a moment later. */
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
