package dev.mishap.control.xds;

import com.google.protobuf.ByteString;
import java.util.Set;

/** The list of extensions of a build, as bytes and names; one object for all nodes of the build. */
record NodeExtensions(ByteString bytes, Set<String> names, Set<String> typeUrls) {
    static final NodeExtensions NONE = new NodeExtensions(ByteString.EMPTY, Set.of(), Set.of());

    @Override
    public boolean equals(Object o) {
        return o instanceof NodeExtensions e && bytes.equals(e.bytes);
    }

    @Override
    public int hashCode() {
        return bytes.hashCode();
    }
}
