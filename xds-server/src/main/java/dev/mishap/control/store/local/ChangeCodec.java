package dev.mishap.control.store.local;

import dev.mishap.control.store.Entry;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.Transaction.Operation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Changes and entries as bytes. The first byte of each says what it is; numbers given out once are never used for anything else. */
final class ChangeCodec {
    private static final int WRITE = 1;
    private static final int GRANT = 2;
    private static final int REVOKE = 3;
    private static final int PUT = 1;
    private static final int DELETE = 2;

    private ChangeCodec() {}

    static void write(ByteWriter out, Change change) {
        if (change instanceof Change.Write write) {
            out.octet(WRITE);
            out.number(write.revision());
            out.number(write.operations().size());
            for (Operation operation : write.operations()) {
                if (operation instanceof Operation.Put put) {
                    out.octet(PUT);
                    out.text(put.key());
                    out.bytes(put.value());
                    out.number(put.lease());
                } else {
                    out.octet(DELETE);
                    out.text(operation.key());
                }
            }
        } else if (change instanceof Change.Grant grant) {
            out.octet(GRANT);
            out.number(grant.lease());
            out.number(grant.ttlMillis());
        } else if (change instanceof Change.Revoke revoke) {
            out.octet(REVOKE);
            out.number(revoke.revision());
            out.number(revoke.lease());
        }
    }

    /** All changes of a frame. */
    static List<Change> read(ByteBuffer frame) {
        ByteReader in = new ByteReader(frame);
        List<Change> changes = new ArrayList<>();
        while (in.hasMore()) {
            changes.add(change(in));
        }
        return changes;
    }

    private static Change change(ByteReader in) {
        int type = in.octet();
        switch (type) {
            case WRITE -> {
                long revision = in.number();
                int count = in.count();
                List<Operation> operations = new ArrayList<>(count);
                for (int i = 0; i < count; i++) {
                    operations.add(operation(in));
                }
                return new Change.Write(revision, operations);
            }
            case GRANT -> {
                return new Change.Grant(in.number(), in.number());
            }
            case REVOKE -> {
                return new Change.Revoke(in.number(), in.number());
            }
            default -> throw new IllegalArgumentException("a change of the unknown type " + type);
        }
    }

    private static Operation operation(ByteReader in) {
        int type = in.octet();
        String key = Transaction.requireKey(in.text());
        return switch (type) {
            case PUT -> new Operation.Put(key, in.bytes(), in.number());
            case DELETE -> new Operation.Delete(key);
            default -> throw new IllegalArgumentException("an operation of the unknown type " + type);
        };
    }

    static void write(ByteWriter out, Entry entry) {
        out.text(entry.key());
        out.bytes(entry.value());
        out.number(entry.createRevision());
        out.number(entry.modRevision());
        out.number(entry.version());
        out.number(entry.lease());
    }

    static Entry entry(ByteReader in) {
        return new Entry(
                Transaction.requireKey(in.text()), in.bytes(), in.number(), in.number(), in.number(), in.number());
    }
}
