// The commands of `ringjournal`, one file each. A new one: write its file, declare it here, and
// name it in main.cc.
#ifndef TOOLS_RINGJOURNAL_COMMANDS_H_
#define TOOLS_RINGJOURNAL_COMMANDS_H_

#include <string>

#include "CLI/CLI.hpp"
#include "tools/ringjournal/context.h"

namespace ringjournal::cli {

// Each adds its subcommand to `app`. When that is chosen, it sets context.command and
// context.action; `context` outlives the parser.
void RegisterAppend(CLI::App& app, Context& context);
void RegisterRead(CLI::App& app, Context& context);  // tail, cat
void RegisterReplay(CLI::App& app, Context& context);
void RegisterExport(CLI::App& app, Context& context);
void RegisterImport(CLI::App& app, Context& context);
void RegisterInspect(CLI::App& app, Context& context);  // offline: segments
void RegisterResolve(CLI::App& app, Context& context);
void RegisterProducer(CLI::App& app, Context& context);  // ls, show, resolve
// `resolve` below `parent`; `command` is all of its words.
void AddResolve(CLI::App* parent, Context& context, const std::string& command);
void RegisterReceipt(CLI::App& app, Context& context);  // check
void RegisterWriter(CLI::App& app, Context& context);   // show, fence
void RegisterTakeover(CLI::App& app, Context& context);
void RegisterDrill(CLI::App& app, Context& context);
void RegisterJournal(CLI::App& app, Context& context);
void RegisterJournalMembers(CLI::App* journal, Context& context);  // members, move-leader, recover
void RegisterCheckpoint(CLI::App& app, Context& context);          // now, ls
void RegisterStatus(CLI::App& app, Context& context);
void RegisterReadiness(CLI::App& app, Context& context);
void RegisterVerify(CLI::App& app, Context& context);  // offline: segments and rings
void RegisterDiff(CLI::App& app, Context& context);    // of journals, nodes and files
void RegisterBench(CLI::App& app, Context& context);   // append, floor, goals, memory
void RegisterBenchFailover(CLI::App* bench, Context& context);
void RegisterBenchBackup(CLI::App* bench, Context& context);
void RegisterBenchTakeover(CLI::App* bench, Context& context);
void RegisterBenchProducers(CLI::App* bench, Context& context);
void RegisterDoctor(CLI::App& app, Context& context);  // this machine
void RegisterRing(CLI::App& app, Context& context);    // ls, rm: files in shared memory
void RegisterPeers(CLI::App& app, Context& context);   // hash
void RegisterDev(CLI::App& app, Context& context);     // a throw-away cluster
void RegisterCheat(CLI::App& app, Context& context);
void RegisterCompletion(CLI::App& app, Context& context);  // of all the others

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_COMMANDS_H_
