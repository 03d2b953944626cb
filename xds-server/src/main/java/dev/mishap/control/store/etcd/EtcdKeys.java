package dev.mishap.control.store.etcd;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Entry;
import dev.mishap.control.store.etcd.wire.KeyValue;
import java.nio.charset.StandardCharsets;

/** Between the store's keys and etcd's, which have a prefix. */
record EtcdKeys(String prefix) {
    ByteString of(String key) {
        return ByteString.copyFrom(prefix + key, StandardCharsets.US_ASCII);
    }

    String text(ByteString key) {
        return key.toString(StandardCharsets.US_ASCII).substring(prefix.length());
    }

    /** The end of the range of all keys that begin so: the next one that does not. Keys are ASCII, so the last byte can be raised. */
    static ByteString end(ByteString prefix) {
        if (prefix.isEmpty()) {
            return ByteString.copyFrom(new byte[1]);
        }
        byte[] end = prefix.toByteArray();
        end[end.length - 1]++;
        return UnsafeByteOperations.unsafeWrap(end);
    }

    static ByteString bytes(Bytes value) {
        return UnsafeByteOperations.unsafeWrap(value.asBuffer());
    }

    Entry entry(KeyValue kv) {
        return new Entry(
                text(kv.getKey()),
                Bytes.ofTransferred(kv.getValue().toByteArray()),
                kv.getCreateRevision(),
                kv.getModRevision(),
                kv.getVersion(),
                kv.getLease());
    }
}
