package dev.mishap.control.store.local;

import java.io.IOException;
import java.nio.file.Path;

/** A file of the store does not hold what was once durable in it. Nothing is opened: what is missing may be what kept a fault from acting. */
public final class DamagedStoreException extends IOException {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial")
    private final Path file;

    private final long offset;

    DamagedStoreException(Path file, long offset, String what) {
        super(file + ": damaged at byte " + offset + ": " + what
                + ". Restore a backup (`mishap store restore`), or give up what follows (`mishap store repair`)");
        this.file = file;
        this.offset = offset;
    }

    public Path file() {
        return file;
    }

    public long offset() {
        return offset;
    }
}
