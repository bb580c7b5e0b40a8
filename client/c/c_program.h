/* For a test: a program in C. */
#ifndef CLIENT_C_C_PROGRAM_H_
#define CLIENT_C_C_PROGRAM_H_

#ifdef __cplusplus
extern "C" {
#endif

/* Appends to and reads an empty journal. 0, or the line of c_program.c that was not satisfied. */
int RunCProgram(const char* address, const char* name);
/* Takes an empty fenced journal over, twice. */
int RunCTakeover(const char* address, const char* name);

#ifdef __cplusplus
}
#endif

#endif  // CLIENT_C_C_PROGRAM_H_
