package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.FileDescriptor;
import dev.mishap.control.v1.ControlProto;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The rules API over gRPC, for a client that is not Java's, beside REST. */
@Timeout(120)
class GrpcRulesIT {
    @TempDir
    Path directory;

    /** What the client makes its messages of: each file after those that it imports. */
    private static void add(FileDescriptor file, Set<FileDescriptor> files) {
        file.getDependencies().forEach(imported -> add(imported, files));
        files.add(file);
    }

    @Test
    void aPythonClientReadsAndWritesWhatRestDoes() throws Exception {
        Tools.need("python3", "-c", "import grpc, google.protobuf");
        Set<FileDescriptor> files = new LinkedHashSet<>();
        add(ControlProto.getDescriptor(), files);
        FileDescriptorSet.Builder set = FileDescriptorSet.newBuilder();
        files.forEach(file -> set.addFile(file.toProto()));
        Path descriptors =
                Files.write(directory.resolve("descriptors"), set.build().toByteArray());
        try (ControlPlaneProcess serve = new ControlPlaneProcess(directory)) {
            Tools.Result result = Tools.run(
                    directory,
                    100,
                    List.of(
                            "python3",
                            Tools.root()
                                    .resolve("deploy/src/test/python/grpc_rules_check.py")
                                    .toString(),
                            descriptors.toString(),
                            "127.0.0.1:" + serve.xdsPort(),
                            "http://127.0.0.1:" + serve.apiPort()));
            assertThat(result.out() + result.err()).contains("gRPC and REST told the same");
            assertThat(result.exit()).isZero();
        }
    }
}
