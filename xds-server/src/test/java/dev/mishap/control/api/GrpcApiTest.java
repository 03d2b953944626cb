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
import dev.mishap.control.v1.AuditGrpc;
import dev.mishap.control.v1.CreateRuleRequest;
import dev.mishap.control.v1.CreateTokenRequest;
import dev.mishap.control.v1.CreateTokenResponse;
import dev.mishap.control.v1.DeleteRuleRequest;
import dev.mishap.control.v1.DeleteRunRequest;
import dev.mishap.control.v1.ExperimentRun;
import dev.mishap.control.v1.ExperimentsGrpc;
import dev.mishap.control.v1.FleetGrpc;
import dev.mishap.control.v1.GetFleetRequest;
import dev.mishap.control.v1.GetFleetResponse;
import dev.mishap.control.v1.GetRuleRequest;
import dev.mishap.control.v1.GetRunRequest;
import dev.mishap.control.v1.ListAuditRequest;
import dev.mishap.control.v1.ListAuditResponse;
import dev.mishap.control.v1.ListRulesRequest;
import dev.mishap.control.v1.ListRunsRequest;
import dev.mishap.control.v1.ListRunsResponse;
import dev.mishap.control.v1.ListTokensRequest;
import dev.mishap.control.v1.NodeOutcome;
import dev.mishap.control.v1.NodeRule;
import dev.mishap.control.v1.PatchRuleRequest;
import dev.mishap.control.v1.PutRunRequest;
import dev.mishap.control.v1.RearmFleetRequest;
import dev.mishap.control.v1.ReplaceRuleRequest;
import dev.mishap.control.v1.RevokeTokenRequest;
import dev.mishap.control.v1.RuleDocument;
import dev.mishap.control.v1.RulesGrpc;
import dev.mishap.control.v1.RunVerdict;
import dev.mishap.control.v1.StopFleetRequest;
import dev.mishap.control.v1.StopRulesRequest;
import dev.mishap.control.v1.StoredRule;
import dev.mishap.control.v1.TokensGrpc;
import dev.mishap.control.v1.TypeState;
import dev.mishap.control.v1.WatchEvent;
import dev.mishap.control.v1.WatchRulesRequest;
import dev.mishap.control.v1.WhoAmIRequest;
import dev.mishap.control.v1.WhoAmIResponse;
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
        RuleDocument.Builder marked = document("abort 503 as a").toBuilder();
        marked.getRuleBuilder().setInstallation("7");
        assertThat(error(() -> rules.createRule(CreateRuleRequest.newBuilder()
                                .setDocument(marked)
                                .build()))
                        .getStatus()
                        .getDescription())
                .contains("is set by the control plane");
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
    void tokensTheAuditLogAndWhoOneIs() {
        TokensGrpc.TokensBlockingStub tokens = TokensGrpc.newBlockingStub(channel)
                .withInterceptors(token(fixture.token("root", Grant.everything(Role.ADMIN))));
        AuditGrpc.AuditBlockingStub audit = AuditGrpc.newBlockingStub(channel);
        CreateTokenResponse created = tokens.createToken(CreateTokenRequest.newBuilder()
                .setName("ci")
                .addGrants(dev.mishap.control.v1.Grant.newBuilder()
                        .setRole("viewer")
                        .addNamespaces("staging"))
                .setTtl(com.google.protobuf.Duration.newBuilder().setSeconds(60))
                .build());
        assertThat(created.getToken().getExpires().getSeconds())
                .isEqualTo(fixture.now.plusSeconds(60).getEpochSecond());
        assertThat(tokens.listTokens(ListTokensRequest.getDefaultInstance()).getTokensList())
                .extracting(dev.mishap.control.v1.Token::getName)
                .contains("ci");
        WhoAmIResponse who =
                audit.withInterceptors(token(created.getSecret())).whoAmI(WhoAmIRequest.getDefaultInstance());
        assertThat(who.getName()).isEqualTo("token:ci");
        assertThat(who.getGrants(0).getNamespacesList()).containsExactly("staging");
        assertThat(error(() -> tokens.createToken(CreateTokenRequest.newBuilder()
                                .setName("x")
                                .addGrants(
                                        dev.mishap.control.v1.Grant.newBuilder().setRole("king"))
                                .build()))
                        .getStatus()
                        .getDescription())
                .startsWith("grants[0]: expected viewer, operator or admin");
        assertThat(code(() -> tokens.createToken(
                        CreateTokenRequest.newBuilder().setName("x").build())))
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
        tokens.revokeToken(RevokeTokenRequest.newBuilder().setName("ci").build());
        assertThat(code(() ->
                        audit.withInterceptors(token(created.getSecret())).whoAmI(WhoAmIRequest.getDefaultInstance())))
                .isEqualTo(Status.Code.UNAUTHENTICATED);

        ListAuditResponse log = audit.withInterceptors(token(fixture.token("r2", Grant.everything(Role.ADMIN))))
                .listAudit(ListAuditRequest.newBuilder().setPageSize(1).build());
        assertThat(log.getEntries(0)).contains("token.create").doesNotContain(created.getSecret());
        assertThat(log.getNextSequence()).isEqualTo(2);
        // Who is refused is recorded, too.
        assertThat(code(() -> AuditGrpc.newBlockingStub(channel)
                        .withInterceptors(token(fixture.token("v", Grant.everything(Role.VIEWER))))
                        .listAudit(ListAuditRequest.getDefaultInstance())))
                .isEqualTo(Status.Code.PERMISSION_DENIED);
        fixture.refused.flush();
        assertThat(fixture.audit.records)
                .anyMatch(record -> record.contains("access.denied")
                        && record.contains("token:v")
                        && record.contains("\"target\":\"ListAudit\""));
    }

    @Test
    void runsOfExperiments() {
        ExperimentsGrpc.ExperimentsBlockingStub runs = ExperimentsGrpc.newBlockingStub(channel)
                .withInterceptors(token(fixture.token("runner", Grant.everything(Role.OPERATOR))));
        PutRunRequest.Builder told = PutRunRequest.newBuilder()
                .setName("run-1")
                .setExperimentId("PAY-1")
                .setExperimentName("pay")
                .setPhase("injection");
        assertThat(runs.putRun(told.build()).getBy()).isEqualTo("token:runner");
        ExperimentRun done = runs.putRun(told.setPhase("done")
                .setVerdict(RunVerdict.newBuilder().setExitCode(1).setReason("BREACHED"))
                .setReport("{\"kind\":\"ExperimentReport\"}")
                .build());
        assertThat(done.getPhasesCount()).isEqualTo(2);
        assertThat(done.hasEnded()).isTrue();
        assertThat(runs.getRun(GetRunRequest.newBuilder().setName("run-1").build())
                        .getReport())
                .contains("ExperimentReport");
        ListRunsResponse listed = runs.listRuns(
                ListRunsRequest.newBuilder().setExperimentId("PAY-1").build());
        assertThat(listed.getRuns(0).getVerdict().getExitCode()).isEqualTo(1);
        assertThat(listed.getRuns(0).getVerdict().hasRecovered()).isFalse();
        assertThat(listed.getRuns(0).getReport()).isEmpty();
        assertThat(code(() -> runs.putRun(told.build()))).isEqualTo(Status.Code.ABORTED);
        runs.deleteRun(DeleteRunRequest.newBuilder().setName("run-1").build());
        assertThat(code(() ->
                        runs.getRun(GetRunRequest.newBuilder().setName("run-1").build())))
                .isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void theFleetTellsWhatBecomesOfTheRulesOnANode() {
        fixture.fleet.nodes = List.of(node("a", "ACKED"), node("b", "NACKED"));
        fixture.fleet.honours =
                List.of(new FleetView.Honour("a", "c", List.of(), List.of("spec.fault.dns: no"), List.of()));
        rules.createRule(CreateRuleRequest.newBuilder()
                .setDocument(document("abort 503 as r"))
                .build());
        GetFleetResponse all =
                fleet.getFleet(GetFleetRequest.newBuilder().setPageSize(1).build());
        assertThat(all.getTotal()).isEqualTo(2);
        assertThat(all.getStatesMap()).containsEntry("NACKED", 1);
        assertThat(all.getNextPageToken()).isEqualTo("a");
        assertThat(all.getNodes(0).getRulesCount()).isZero();
        GetFleetResponse refusing = fleet.getFleet(
                GetFleetRequest.newBuilder().setState(TypeState.State.NACKED).build());
        assertThat(refusing.getNodesList()).extracting(n -> n.getId()).containsExactly("b");
        NodeRule rule = fleet.getFleet(GetFleetRequest.newBuilder().setNode("a").build())
                .getNodes(0)
                .getRules(0);
        assertThat(rule.getRule()).isEqualTo("default/r");
        assertThat(rule.getOutcome().getOutcome()).isEqualTo(NodeOutcome.Outcome.NOT_HONOURED);
        assertThat(rule.getOutcome().getReasonsList()).containsExactly("spec.fault.dns: no");
        assertThat(code(() ->
                        fleet.getFleet(GetFleetRequest.newBuilder().setNode("x").build())))
                .isEqualTo(Status.Code.NOT_FOUND);
    }

    private FleetView.Node node(String id, String state) {
        return new FleetView.Node(
                id,
                "c",
                "default",
                "envoy",
                "1.40.0",
                "//",
                "10.0.0.1",
                fixture.now,
                List.of("ADS delta"),
                java.util.Map.of(),
                List.of(new FleetView.TypeState("t", state, 1, "1", "1", fixture.now, null)));
    }

    private static PatchRuleRequest.Builder patch(String field, String value) {
        return PatchRuleRequest.newBuilder()
                .setName("a")
                .setMergePatch(Struct.newBuilder()
                        .putFields(
                                field,
                                Value.newBuilder()
                                        .setStructValue(Struct.newBuilder()
                                                .putFields(
                                                        value,
                                                        Value.newBuilder()
                                                                .setStringValue("7")
                                                                .build()))
                                        .build()));
    }

    @Test
    void aPatchMayBeTriedAndTheServersFieldsAreItsOwn() {
        StoredRule created = rules.createRule(CreateRuleRequest.newBuilder()
                        .setDocument(document("abort 503 40% as a"))
                        .build())
                .getRule();
        WriteResponse dry =
                rules.patchRule(patch("spec", "percentage").setDryRun(true).build());
        assertThat(dry.getOutcome()).isEqualTo("configured");
        assertThat(dry.hasRule()).isFalse();
        assertThat(rules.getRule(GetRuleRequest.newBuilder().setName("a").build())
                        .getResourceVersion())
                .isEqualTo(created.getResourceVersion());
        assertThat(error(() -> rules.patchRule(patch("metadata", "uid").build()))
                        .getStatus()
                        .getDescription())
                .isEqualTo("metadata.uid: is the server's to give");
        assertThat(code(() -> rules.replaceRule(ReplaceRuleRequest.newBuilder()
                        .setDocument(document("abort 500 as a"))
                        .setIfUid("another")
                        .build())))
                .isEqualTo(Status.Code.FAILED_PRECONDITION);
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
