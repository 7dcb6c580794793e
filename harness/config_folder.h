/* config_folder.h - where configs/ lies, and the names in a folder of it. */
#ifndef HR_CONFIG_FOLDER_H
#define HR_CONFIG_FOLDER_H

/* HEADROOM_CONFIGS, else beside the program, else where it was built. */
const char *hr_config_folder(void);
/* The names of a folder's files, without .yaml, sorted. A folder that is not there has none. */
void hr_config_names(const char *folder, void (*visit)(void *context, const char *name),
                     void *context);

#endif
