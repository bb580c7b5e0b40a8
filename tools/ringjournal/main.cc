// ringjournal: the command line. Data goes to stdout, everything else to stderr.
#include <cstdio>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "server/config/secret_name.h"
#include "server/version.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/context.h"
#include "tools/ringjournal/exit_codes.h"
#include "tools/ringjournal/parse.h"
#include "tools/ringjournal/usage.h"

namespace ringjournal::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  export RINGJOURNAL_SERVER=127.0.0.1:7411\n"
    "  seq 1000 | ringjournal append orders --create --level disk\n"
    "  ringjournal tail orders --from -10\n"
    "  ringjournal replay orders --from 100 --until 200 --output orders.txt\n"
    "  ringjournal -o json status\n\n";

void AddGlobalOptions(CLI::App* app, Context* context) {
  app->add_option("--server", context->server, "Server's address, host:port")
      ->envname("RINGJOURNAL_SERVER")
      ->type_name("HOST:PORT");
  AddChoiceOption(app, "-o,--output-format", {{"text", false}, {"json", true}}, &context->as_json,
                  "text for people; json: proto3 JSON, 64-bit integers as strings");
  app->add_flag("--verbose", context->verbose,
                "Tell at once of what is tried again; else once it lasts a second");
  app->require_subcommand(1);
  app->fallthrough();
}

int ReportParseError(const CLI::App& app, const CLI::ParseError& error,
                     const std::vector<std::string>& arguments) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    app.exit(error);  // --help: prints it to stdout
    return kExitOk;
  }
  std::string unknown = ExplainUnknown(app, arguments);
  std::string what = unknown.empty() ? error.what() : unknown;
  std::fprintf(stderr, "ringjournal: error: %s\n%s", what.c_str(),
               UsageHint(app, arguments).c_str());
  return kExitUsage;
}

int Main(int argc, char** argv) {
  CLI::App app("Appends to and reads from ringjournal, an in-memory transaction journal.",
               "ringjournal");
  Context context;
  app.formatter(std::make_shared<HelpFormatter>());
  AddGlobalOptions(&app, &context);
  RegisterAppend(app, context);
  RegisterRead(app, context);
  RegisterReplay(app, context);
  RegisterResolve(app, context);
  RegisterProducer(app, context);
  RegisterReceipt(app, context);
  RegisterExport(app, context);
  RegisterImport(app, context);
  RegisterJournal(app, context);
  RegisterWriter(app, context);
  RegisterTakeover(app, context);
  RegisterDrill(app, context);
  RegisterCheckpoint(app, context);
  RegisterStatus(app, context);
  RegisterReadiness(app, context);
  RegisterVerify(app, context);
  RegisterInspect(app, context);
  RegisterDiff(app, context);
  RegisterBench(app, context);
  RegisterDoctor(app, context);
  RegisterRing(app, context);
  RegisterPeers(app, context);
  RegisterDev(app, context);
  RegisterCheat(app, context);
  RegisterCompletion(app, context);
  RegisterHelp(app, context, kServerVersion);
  app.footer(kExamples + ExitCodeTable());  // last, since commands would inherit it
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const std::string secret =
      RefuseSecrets(std::span(const_cast<const char* const*>(argv) + 1, argc - 1));
  if (!secret.empty()) {
    std::fprintf(stderr, "ringjournal: error: %s\n", secret.c_str());
    return kExitUsage;
  }
  if (arguments.empty()) {
    std::fputs(HelpOf(app).c_str(), stderr);
    return kExitUsage;
  }
  context.arguments = arguments;
  // CLI11 reports through exceptions; they end here.
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return ReportParseError(app, error, arguments);
  }
  if (context.server.empty() && context.needs_server) {
    return context.FailUsage(
        "no server given: pass --server HOST:PORT or set RINGJOURNAL_SERVER to the address that "
        "ringjournald printed when it started");
  }
  return context.action();
}

}  // namespace
}  // namespace ringjournal::cli

int main(int argc, char** argv) {
  return ringjournal::cli::FinishStdout(ringjournal::cli::Main(argc, argv));
}
