/* config_folder.h - the names of the profiles or presets in a folder, without .yaml, sorted. */
#ifndef HR_CONFIG_FOLDER_H
#define HR_CONFIG_FOLDER_H

void hr_config_names(const char *folder, void (*visit)(void *context, const char *name),
                     void *context);

#endif
