package dev.mishap.control.overlay;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;

/** The name of a resource without the rest of it: the first field of all types of xDS, wherever a serializer put it. */
final class FirstField {
    private FirstField() {}

    /** @throws IllegalArgumentException when these bytes are no message, or have no such field */
    static String of(ByteString body) {
        try {
            CodedInputStream in = body.newCodedInput();
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                if (WireFormat.getTagFieldNumber(tag) == 1
                        && WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED) {
                    return in.readStringRequireUtf8();
                }
                in.skipField(tag);
            }
        } catch (IOException e) {
            throw new IllegalArgumentException("it is no message: " + e.getMessage(), e);
        }
        throw new IllegalArgumentException("it has no name");
    }
}
