// ringjournal doctor: is this machine fit for a server, and is the server there?
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/ask.h"
#include "server/config/config_file.h"
#include "server/config/flags.h"
#include "server/config/listen_address.h"
#include "server/config/risks.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/doctor_judge.h"
#include "tools/ringjournal/ring_files.h"

namespace ringjournal::cli {
namespace {

struct DoctorFlags {
  std::string config, data_dir, ring_dir, ring_total, listen, address_file;
};

// The server's own configuration, so that what is judged is what will run. Sets *configured if a
// data directory was named; else the current directory stands for its disk.
FlagsResult Configuration(const DoctorFlags& flags, bool* configured) {
  ProcessFacts facts;
  facts.uid = getuid();
  facts.environment = EnvironmentOf(environ);
  facts.read_file = ReadConfigFile;
  std::vector<std::string> arguments = {"--check-config"};
  const auto add = [&arguments](const char* flag, const std::string& value) {
    if (!value.empty()) arguments.push_back(absl::StrCat(flag, "=", value));
  };
  add("--config", flags.config);
  add("--data-dir", flags.data_dir);
  add("--ring-dir", flags.ring_dir);
  add("--ring-total", flags.ring_total);
  add("--listen", flags.listen);
  add("--address-file", flags.address_file);
  const auto parse = [&] {
    std::vector<const char*> pointers;
    for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
    return ParseServerFlags(pointers, facts);
  };
  FlagsResult result = parse();
  *configured = result.check;
  if (result.check ||
      result.standard_error.find("no data directory is given") == std::string::npos) {
    return result;
  }
  arguments.emplace_back("--data-dir=.");
  return parse();
}

Finding AskServer(const Context& context) {
  v1::ClientMessage request;
  request.mutable_status();
  auto reply = client::Ask(context.ClientOptions(0), request, false);
  if (!reply.ok()) {
    return {Severity::kFail, "server", std::string(reply.status().message()),
            absl::StrCat("start it, or correct --server ", context.server)};
  }
  const v1::StatusReply& status = reply->status_reply();
  return {Severity::kPass, "server",
          absl::StrCat(context.server, " answers: node ", status.node(), ", version ",
                       status.server_version(), ". ", status.verdict()),
          ""};
}

// A port is not free because the server that is to have it has it: that is as it should be. Another
// server in its place is not.
void LookWhoListens(const Context& context, const ServerOptions& options,
                    std::vector<Finding>* findings) {
  constexpr int64_t kPatienceNs = 2'000'000'000;
  for (Finding& finding : *findings) {
    if (finding.check != "port" || finding.severity != Severity::kFail) continue;
    if (options.listen.port == 0) continue;
    const std::string address = ListenAddressText(options.listen);
    client::ClientOptions client = context.ClientOptions(0);
    client.server = address;
    client.on_notice = nullptr;
    v1::ClientMessage request;
    request.mutable_status();
    auto reply = client::Ask(client, request, client::AskOptions{.timeout_ns = kPatienceNs});
    if (!reply.ok()) continue;
    const std::string who = absl::StrCat("node ", reply->status_reply().node(), ", version ",
                                         reply->status_reply().server_version());
    if (IsServed(options.data_dir)) {
      finding = {Severity::kPass, "port",
                 absl::StrCat(address, " is taken by a ringjournald that answers: ", who), ""};
      continue;
    }
    absl::StrAppend(&finding.sentence, "; a ringjournald answers there: ", who,
                    ", but none that holds the lock of data directory ", options.data_dir);
    finding.mend = absl::StrCat(
        "if that is the server meant, name its --data-dir, and run this as its user; else give "
        "this one another --listen than ",
        address);
  }
}

int RunDoctor(const Context& context, const DoctorFlags& flags) {
  bool configured = false;
  const FlagsResult config = Configuration(flags, &configured);
  if (!config.check)
    return context.FailUsage("the configuration is wrong: " +
                             config.standard_error.substr(0, config.standard_error.find('\n')));
  std::vector<Finding> findings = JudgeMachine(config.options, ReadDoctorFacts(config.options));
  LookWhoListens(context, config.options, &findings);
  const MachineFacts machine = ReadMachineFacts(config.options);
  if (configured) {
    for (Finding& finding : FindRisks(config.options, machine))
      findings.push_back(std::move(finding));
  } else {
    findings.push_back(JudgeRingPlace(config.options.ring_dir, config.options.ring_bytes_total_max,
                                      machine.ring_dir));
  }
  if (!context.server.empty()) findings.push_back(AskServer(context));
  std::fputs(context.json() ? FindingsJson(findings).c_str() : FindingsText(findings).c_str(),
             stdout);
  return WorstOf(findings) == Severity::kFail ? kExitFailure : kExitOk;
}

}  // namespace

void RegisterDoctor(CLI::App& app, Context& context) {
  CLI::App* sub = app.add_subcommand(
      "doctor", "Check this machine for a server: PASS, WARN or FAIL, and what mends it");
  auto flags = std::make_shared<DoctorFlags>();
  sub->add_option("--config", flags->config, "The server's configuration file")->type_name("FILE");
  sub->add_option("--data-dir", flags->data_dir,
                  "The server's data directory; else the disk of the current one is measured")
      ->type_name("DIR");
  sub->add_option("--ring-dir", flags->ring_dir, "The server's ring directory")->type_name("DIR");
  sub->add_option("--ring-total", flags->ring_total, "The server's limit of all rings")
      ->type_name("SIZE");
  sub->add_option("--address-file", flags->address_file,
                  "The file that the server is to write its address to")
      ->type_name("FILE");
  sub->add_option("--listen", flags->listen, "The address that the server is to have")
      ->type_name("HOST:PORT");
  sub->fallthrough();
  sub->footer(
      "Needs no server; with --server it is asked too. Takes the server's variables "
      "(RINGJOURNAL_DATA_DIR …). "
      "Exits with 1 if anything is FAIL.\n\nExamples:\n  ringjournal doctor --data-dir data "
      "--listen 127.0.0.1:7411\n"
      "  ringjournal -o json doctor --config ringjournald.toml\n");
  sub->callback([&context, flags] {
    context.command = "doctor";
    context.needs_server = false;
    context.action = [&context, flags] { return RunDoctor(context, *flags); };
  });
}

}  // namespace ringjournal::cli
