package dev.mishap.control.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.rpc.BadRequest;
import dev.mishap.control.rules.RuleProtos;
import dev.mishap.control.security.Authenticator;
import dev.mishap.control.security.Bindings;
import dev.mishap.control.security.Grant;
import dev.mishap.control.security.Role;
import dev.mishap.control.v1.CreateRuleRequest;
import dev.mishap.control.v1.DeleteRuleRequest;
import dev.mishap.control.v1.FleetGrpc;
import dev.mishap.control.v1.GetFleetRequest;
import dev.mishap.control.v1.GetRuleRequest;
import dev.mishap.control.v1.ListRulesRequest;
import dev.mishap.control.v1.PatchRuleRequest;
import dev.mishap.control.v1.RearmFleetRequest;
import dev.mishap.control.v1.ReplaceRuleRequest;
import dev.mishap.control.v1.RuleDocument;
import dev.mishap.control.v1.RulesGrpc;
import dev.mishap.control.v1.StopFleetRequest;
import dev.mishap.control.v1.StopRulesRequest;
import dev.mishap.control.v1.StoredRule;
import dev.mishap.control.v1.WatchEvent;
import dev.mishap.control.v1.WatchRulesRequest;
import dev.mishap.control.v1.WriteResponse;
import dev.mishap.rules.text.RuleLine;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GrpcApiTest {
    private final ApiFixture fixture = new ApiFixture();
    private final GrpcApi api = new GrpcApi(new Authenticator(
            new Authenticator.Policy(null, 10_000), fixture.tokens, null, Bindings.NONE, System::nanoTime));
    private Server server;
    private ManagedChannel channel;
    private RulesGrpc.RulesBlockingStub rules;
    private FleetGrpc.FleetBlockingStub fleet;

    @BeforeEach
    void start() throws IOException {
        NettyServerBuilder builder = NettyServerBuilder.forAddress(
                        new InetSocketAddress("127.0.0.1", 0), InsecureServerCredentials.create())
                .directExecutor();
        api.services().forEach(builder::addService);
        server = builder.build().start();
        channel = Grpc.newChannelBuilder("127.0.0.1:" + server.getPort(), InsecureChannelCredentials.create())
                .build();
        rules = RulesGrpc.newBlockingStub(channel)
                .withDeadlineAfter(30, TimeUnit.SECONDS)
                .withInterceptors(token(fixture.token("admin", Grant.everything(Role.ADMIN))));
        fleet = FleetGrpc.newBlockingStub(channel)
                .withDeadlineAfter(30, TimeUnit.SECONDS)
                .withInterceptors(token(fixture.token("viewer", Grant.everything(Role.VIEWER))));
        fixture.bind(api);
    }

    @AfterEach
    void close() throws InterruptedException {
        channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        api.close();
        fixture.close();
    }

    private static io.grpc.ClientInterceptor token(String token) {
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
        return MetadataUtils.newAttachHeadersInterceptor(headers);
    }

    private static RuleDocument document(String line) {
        return RuleDocument.newBuilder()
                .setRule(RuleProtos.toProto(RuleLine.parse(line, "x")))
                .build();
    }

    private static Status.Code code(Runnable call) {
        return error(call).getStatus().getCode();
    }

    private static StatusRuntimeException error(Runnable call) {
        StatusRuntimeException error = catchThrowableOfType(StatusRuntimeException.class, call::run);
        assertThat(error).isNotNull();
        return error;
    }

    @Test
    void aRuleLives() {
        fixture.fleet.honours = List.of(new FleetView.Honour("n", "c", List.of(), List.of("no"), List.of()));
        WriteResponse dry = rules.createRule(CreateRuleRequest.newBuilder()
                .setDocument(document("abort 503 40% as a"))
                .setDryRun(true)
                .build());
        assertThat(dry.getCreated()).isTrue();
        assertThat(dry.getNodes(0).getReasonsList()).containsExactly("no");
        assertThat(code(() ->
                        rules.getRule(GetRuleRequest.newBuilder().setName("a").build())))
                .isEqualTo(Status.Code.NOT_FOUND);

        StoredRule created = rules.createRule(CreateRuleRequest.newBuilder()
                        .setDocument(document("abort 503 40% as a"))
                        .build())
                .getRule();
        assertThat(created.getPhase()).isEqualTo(StoredRule.Phase.ACTIVE);
        assertThat(created.getUpdatedBy()).isEqualTo("token:admin");
        assertThat(code(() -> rules.createRule(CreateRuleRequest.newBuilder()
                        .setDocument(document("abort 503 as a"))
                        .build())))
                .isEqualTo(Status.Code.ALREADY_EXISTS);
        // The same rule is there over HTTP.
        assertThat(fixture.get("/api/v1/namespaces/default/rules/a")
                        .json()
                        .at("/spec/percentage")
                        .asInt())
                .isEqualTo(40);

        StoredRule patched = rules.patchRule(PatchRuleRequest.newBuilder()
                        .setName("a")
                        .setMergePatch(Struct.newBuilder()
                                .putFields(
                                        "spec",
                                        Value.newBuilder()
                                                .setStructValue(Struct.newBuilder()
                                                        .putFields(
                                                                "percentage",
                                                                Value.newBuilder()
                                                                        .setNumberValue(2.5)
                                                                        .build()))
                                                .build()))
                        .setIfResourceVersion(created.getResourceVersion())
                        .build())
                .getRule();
        assertThat(RuleProtos.fromProto(patched.getDocument().getRule())
                        .percentage()
                        .plain())
                .isEqualTo("2.5");
        assertThat(code(() -> rules.replaceRule(ReplaceRuleRequest.newBuilder()
                        .setDocument(document("abort 500 as a"))
                        .setIfResourceVersion(created.getResourceVersion())
                        .build())))
                .isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(rules.listRules(ListRulesRequest.newBuilder().setPageSize(1).build())
                        .getRulesCount())
                .isEqualTo(1);
        rules.deleteRule(DeleteRuleRequest.newBuilder().setName("a").build());
        assertThat(rules.listRules(ListRulesRequest.getDefaultInstance()).getRulesCount())
                .isZero();
    }

    @Test
    void errorsNameTheField() throws InvalidProtocolBufferException {
        RuleDocument production =
                document("abort 503 as a").toBuilder().setNamespace("prod").build();
        StatusRuntimeException error = error(() -> rules.createRule(
                CreateRuleRequest.newBuilder().setDocument(production).build()));
        assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
        BadRequest fields = null;
        for (Any detail : StatusProto.fromThrowable(error).getDetailsList()) {
            if (detail.is(BadRequest.class)) {
                fields = detail.unpack(BadRequest.class);
            }
        }
        assertThat(fields).isNotNull();
        assertThat(fields.getFieldViolations(0).getField()).isEqualTo("spec.limits.maxTrafficPercent");
        assertThat(code(() -> rules.createRule(CreateRuleRequest.getDefaultInstance())))
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(code(() -> rules.stopRules(StopRulesRequest.getDefaultInstance())))
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
    }

    @Test
    void rolesHoldHereToo() {
        assertThat(code(() -> RulesGrpc.newBlockingStub(channel).listRules(ListRulesRequest.getDefaultInstance())))
                .isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(fleet.getFleet(GetFleetRequest.getDefaultInstance()).getNodesCount())
                .isZero();
        assertThat(code(() -> fleet.stopFleet(StopFleetRequest.getDefaultInstance())))
                .isEqualTo(Status.Code.PERMISSION_DENIED);
        FleetGrpc.FleetBlockingStub operator = FleetGrpc.newBlockingStub(channel)
                .withInterceptors(token(fixture.token("op", Grant.of(Role.OPERATOR, List.of("staging"), ""))));
        assertThat(operator.stopFleet(
                                StopFleetRequest.newBuilder().setReason("r").build())
                        .getEngaged())
                .isTrue();
        // Stopping is for every operator; arming is not.
        assertThat(code(() -> operator.rearmFleet(RearmFleetRequest.getDefaultInstance())))
                .isEqualTo(Status.Code.PERMISSION_DENIED);
    }

    @Test
    void aWatchEndsWithItsToken() {
        RulesGrpc.RulesBlockingStub watcher = RulesGrpc.newBlockingStub(channel)
                .withDeadlineAfter(30, TimeUnit.SECONDS)
                .withInterceptors(token(fixture.token("passing", Grant.everything(Role.VIEWER))));
        Iterator<WatchEvent> events = watcher.watchRules(WatchRulesRequest.getDefaultInstance());
        assertThat(events.next().getType()).isEqualTo(WatchEvent.Type.BOOKMARK);
        fixture.tokens.revoke("passing");
        rules.createRule(CreateRuleRequest.newBuilder()
                .setDocument(document("abort 503 as a"))
                .build());
        // Nothing that happened after the end of the token is told.
        StatusRuntimeException end = error(events::next);
        assertThat(end.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(end.getStatus().getDescription())
                .isEqualTo("what token:passing was known by has expired or is revoked");
    }

    @Test
    void aWatchTellsWhatIsThereAndWhatChanges() {
        rules.createRule(CreateRuleRequest.newBuilder()
                .setDocument(document("abort 503 as a"))
                .build());
        Iterator<WatchEvent> events = rules.watchRules(WatchRulesRequest.getDefaultInstance());
        WatchEvent first = events.next();
        assertThat(first.getType()).isEqualTo(WatchEvent.Type.ADDED);
        assertThat(events.next().getType()).isEqualTo(WatchEvent.Type.BOOKMARK);
        rules.createRule(CreateRuleRequest.newBuilder()
                .setDocument(document("abort 503 as b"))
                .build());
        WatchEvent second = events.next();
        assertThat(second.getRule().getDocument().getRule().getName()).isEqualTo("b");

        Iterator<WatchEvent> resumed = rules.watchRules(WatchRulesRequest.newBuilder()
                .setAfterRevision(first.getRevision())
                .build());
        assertThat(resumed.next().getRule().getDocument().getRule().getName()).isEqualTo("b");
        rules.stopRules(StopRulesRequest.newBuilder().setAll(true).build());
        assertThat(events.next().getType()).isEqualTo(WatchEvent.Type.DELETED);
    }
}
